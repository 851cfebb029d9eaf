//! The integration tests, in one binary: each further one would link the SDK again.
#![allow(
    clippy::unwrap_used,
    reason = "in a test a panic is the report, also in what tests share"
)]

mod access_analyzer;
mod account;
mod admin_access;
mod alerts;
mod before;
mod boto3;
mod brownfield;
mod budgets;
mod calls;
mod cases;
mod cli;
mod cloudtrail;
mod codes;
mod composite_alarms;
mod concurrency;
mod config_recorder;
mod contacts;
mod controls;
mod cost_anomaly_detection;
mod costs;
mod default_vpc;
mod deletions;
mod ec2_defaults;
mod effect;
mod effective_policies;
mod exports;
mod facts;
mod faults;
mod files;
mod floors;
mod folder;
mod fresh_texts;
mod generated;
mod guardduty;
mod harmless;
mod health_events;
mod interruption;
mod leaves;
mod ledger;
mod log_bucket;
mod monitors;
mod month;
mod moto;
mod network;
mod password_policy;
mod permissions;
mod planner;
mod policy;
mod python;
mod region_denial;
mod root_user;
mod rules;
mod sandbox;
mod sdk;
mod security_hub;
mod session;
mod support_role;
mod terminal;
mod waiting;

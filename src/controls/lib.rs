//! Everything that trueup keeps true in an AWS account: one private module a control.
//!
//! What goes out is the list ([`registry`]), in the order of the checklist, and what an account shows of its home
//! region ([`home_clues`]): no code outside can name a control's types. A control may use the AWS clients, the policy
//! documents and the core's model; it may not print, read files or the environment, and it knows neither the engine
//! nor the simulated account.
//!
//! # How to add a control
//!
//! See the crate docs of `trueup`.

use trueup_aws::AnyLive;
use trueup_core::control::{AnyControl, Of};
use trueup_core::registry::Registry;

mod access;
mod access_analyzer;
mod account;
mod admin_access;
mod alerts;
mod alternate_contacts;
mod budgets;
mod cloudtrail;
mod config_recorder;
mod contact_information;
mod cost_anomaly_detection;
mod credential_report;
mod default_vpc;
mod ebs_encryption;
mod ec2_defaults;
mod effective_policy;
mod global_region;
mod guardduty;
mod health_events;
mod home_region;
mod kms_key;
#[cfg(test)]
mod list;
mod log_bucket;
mod monitors;
mod password_policy;
mod role_rights;
mod role_trust;
mod roles;
mod root_user;
mod s3_public_access_block;
mod security_hub;
mod support_role;
mod tag_keys;
#[cfg(test)]
mod testing;

pub use home_region::{HOME_CALLS, home_clues};

/// Every control there is.
static ALL: &[&dyn AnyLive] = &[
    &Of::<account::Account>::NEW,
    &Of::<root_user::RootUser>::NEW,
    &Of::<alternate_contacts::AlternateContacts>::NEW,
    &Of::<contact_information::ContactInformation>::NEW,
    &Of::<alerts::Alerts>::NEW,
    &Of::<budgets::Budgets>::NEW,
    &Of::<cost_anomaly_detection::CostAnomalyDetection>::NEW,
    &Of::<log_bucket::LogBucket>::NEW,
    &Of::<cloudtrail::CloudTrail>::NEW,
    &Of::<monitors::Monitors>::NEW,
    &Of::<health_events::HealthEvents>::NEW,
    &Of::<password_policy::PasswordPolicy>::NEW,
    &Of::<admin_access::AdminAccess>::NEW,
    &Of::<support_role::SupportRole>::NEW,
    &Of::<ebs_encryption::EbsEncryption>::NEW,
    &Of::<s3_public_access_block::S3PublicAccessBlock>::NEW,
    &Of::<default_vpc::DefaultVpc>::NEW,
    &Of::<access_analyzer::AccessAnalyzer>::NEW,
    &Of::<guardduty::GuardDuty>::NEW,
    &Of::<config_recorder::ConfigRecorder>::NEW,
    &Of::<security_hub::SecurityHub>::NEW,
    &Of::<ec2_defaults::Ec2Defaults>::NEW,
];

/// The controls, to read and write with, in the order of the checklist.
pub fn registry() -> Registry<dyn AnyLive> {
    Registry::new(ALL)
}

/// The same controls without the half that touches AWS.
pub fn controls() -> Registry<dyn AnyControl> {
    registry().map(|control| control as &'static dyn AnyControl)
}

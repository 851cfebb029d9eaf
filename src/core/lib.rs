//! The model of trueup: what a baseline wants, what an account has, and the plan that leads from one to the other.
//!
//! Everything here is pure. Nothing reads or writes a file, the environment, the network or the clock, and no AWS SDK and no
//! runtime is among the dependencies; what a function needs of the outside comes in as a value. Nothing here knows a single
//! control either: the list is a [`Registry`](registry::Registry) that the caller passes in.
//!
//! | module | what it is |
//! |---|---|
//! | [`location`] | regions, and where a control looks: the account or a region |
//! | [`registry`] | names of controls, and the list of them with its order |
//! | [`control`] | what a control is, typed inside and a document outside |
//! | [`change`] | what a control finds to do: steps, tasks, obstacles; [`cost`] is what a step adds to the bill |
//! | [`env`](mod@env) | the account around the cells; [`tags`] and [`attestation`] are what the whole file says |
//! | [`values`] | the words of baselines, equal by meaning; [`projection`] is what a table says of another one |
//! | [`baseline`] | TOML: files that extend each other, region overrides, one error for each mistake with its place |
//! | [`want`] | what a baseline asks for, cell by cell |
//! | [`plan`] | judges each cell, and orders the steps of all of them |
//! | [`plan_file`] | the plan as a document; a saved one is a promise that a new plan is held against, never a program |
//! | [`fault`] | what went wrong with one call, as data |
//! | [`export`], [`init`], [`schema`] | a survey as a baseline, the first baseline of an account, the JSON Schema |
//! | [`home`] | which region an account is at home in, by what it shows |
//! | [`visible`] | texts of others as a line that a person reads |

pub mod attestation;
pub mod baseline;
pub mod change;
pub mod control;
pub mod cost;
pub mod env;
pub mod export;
pub mod fault;
pub mod home;
pub mod init;
pub mod location;
pub mod plan;
pub mod plan_file;
pub mod projection;
pub mod registry;
pub mod schema;
pub mod tags;
pub mod values;
pub mod visible;
pub mod want;

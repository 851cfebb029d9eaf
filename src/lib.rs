//! trueup keeps an AWS account true to a TOML file.

pub mod aws;
pub mod baseline;
pub mod control;
pub mod controls;
pub mod document;
pub mod execute;
pub mod fault;
pub mod place;
pub mod plan;
pub mod progress;
pub mod report;
pub mod sandbox;
pub mod saved;
pub mod survey;
pub mod words;

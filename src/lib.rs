//! trueup keeps an AWS account true to a TOML file.

pub mod aws;
pub mod baseline;
pub mod control;
pub mod controls;
pub mod document;
pub mod export;
pub mod fault;
pub mod init;
pub mod place;
pub mod plan;
pub mod sandbox;
pub mod schema;
pub mod words;

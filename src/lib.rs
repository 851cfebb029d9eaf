//! trueup keeps an AWS account true to a TOML file.

pub mod place;
pub mod sandbox;

//! trueup keeps an AWS account true to a TOML file.

pub mod aws;
pub mod control;
pub mod controls;
pub mod document;
pub mod fault;
mod gate;
pub mod place;
pub mod plan;
pub mod sandbox;
pub mod words;

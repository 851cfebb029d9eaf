//! What can go wrong with the sandbox itself, as opposed to within it.

use std::io;
use std::path::PathBuf;

/// A sandbox that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The state's file, its lock or its folder could not be used.
    #[error("cannot {doing} the sandbox's state {}: {source}; check the path and its permissions", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The state's file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file's content is damaged, or is something else.
    #[error(
        "{} is not a sandbox state: {source}; name another file, or begin anew with `trueup sandbox reset --state {}`",
        path.display(), path.display()
    )]
    Unreadable {
        /// The state's file.
        path: PathBuf,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// The file was written by another version of trueup.
    #[error(
        "the sandbox state {} has version {found}, and this trueup reads version {known}; use the trueup that wrote \
         it, or begin anew with `trueup sandbox reset --state {}`",
        path.display(), path.display()
    )]
    OtherVersion {
        /// The state's file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that is known.
        known: u32,
    },
    /// A world was given, and the state is of another one.
    #[error(
        "the sandbox state {} was made from another world; leave the world out to go on with it, or begin anew with \
         `trueup sandbox reset --state {}`",
        .0.display(), .0.display()
    )]
    OtherWorld(PathBuf),
    /// A state was to be replaced, and the file is something else.
    #[error("{} is not a sandbox state, so it is left as it is; name another file, or remove it yourself", .0.display())]
    NotAState(PathBuf),
    /// The log of exchanges could not be written.
    #[error("cannot write the exchange log {}: {source}; check the path and its permissions", path.display())]
    Log {
        /// The log's file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

//! The sources of a baseline: files, and the built-in baselines. The caller of the loader passes them in.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

/// A file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What tells it from other files, whatever path leads to it.
    pub identity: PathBuf,
    /// Its whole text.
    pub text: String,
}

/// Reads the files of baselines.
pub trait Files: Debug {
    /// Reads the file of a path, or standard input where it is `-`.
    ///
    /// # Errors
    /// If it cannot be read, or is not text that can be a baseline.
    fn read(&self, path: &Path) -> io::Result<File>;
}

/// There are no files: a baseline that extends one has a problem.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &Path) -> io::Result<File> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// A baseline that comes with trueup and is extended by its name.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Its name with its version, such as `recommended@1`. A version never changes what it wants.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

//! Files: baselines and saved plans are read here, and what trueup saves is written here.

use std::io::{self, Read, Write};
use std::path::Path;

pub use crate::built_in::BUILT_IN;
use trueup_core::baseline::{File, Files, Loader};
use trueup_core::control::Controls;
use trueup_core::plan_file::PlanFileError;

/// The largest baseline that is read, in bytes: far more than any needs, and little enough that a slip such as a device
/// or an archive is told at once.
const LARGEST: u64 = 1 << 20;

/// The files of this machine, and standard input.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<File> {
        if path == Path::new("-") {
            return Ok(File {
                identity: path.to_owned(),
                text: text_of(io::stdin().lock())?,
            });
        }
        let text = text_of(std::fs::File::open(path)?)?;
        Ok(File {
            identity: path.canonicalize()?,
            text,
        })
    }
}

/// What a baseline is read with: the files of this machine, the built-in baselines, this day.
pub fn loader(controls: &Controls) -> Loader<'_> {
    Loader {
        controls,
        files: &Disk,
        built_in: BUILT_IN,
        today: trueup_engine::today(),
    }
}

fn text_of(file: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if read as u64 > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "more than 1 MiB, which is no baseline",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8 text at byte {at}"))
    })
}

/// The text of a saved plan.
pub(crate) fn saved_plan(path: &Path) -> Result<String, PlanFileError> {
    std::fs::read_to_string(path).map_err(|error| PlanFileError::Unreadable {
        path: path.to_owned(),
        cause: error.to_string(),
    })
}

/// Writes a file that only its owner may read, whole or not at all: plans and exports hold phones and e-mails.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), PlanFileError> {
    let unwritable = |error: io::Error| PlanFileError::Unwritable {
        path: path.to_owned(),
        cause: error.to_string(),
    };
    // A pipe or a device keeps its place: only a file can be replaced.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, text).map_err(unwritable);
    }
    let file = private(path, text).map_err(unwritable)?;
    file.persist(path).map_err(|error| unwritable(error.error))?;
    Ok(())
}

/// The same for a file that must not be there yet. Says whether it was written: if there is one, it was not.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<bool, PlanFileError> {
    let unwritable = |error: io::Error| PlanFileError::Unwritable {
        path: path.to_owned(),
        cause: error.to_string(),
    };
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return write_private(path, text).map(|()| true);
    }
    match private(path, text).map_err(unwritable)?.persist_noclobber(path) {
        Ok(_) => Ok(true),
        // A link that leads nowhere is no file that could be moved away.
        Err(there) if there.error.kind() == io::ErrorKind::AlreadyExists && !path.is_symlink() => Ok(false),
        Err(failed) => Err(unwritable(failed.error)),
    }
}

/// The text in a temporary file beside the path, with mode 0600, which it keeps when it takes its name.
fn private(path: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let folder = folder(path);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::other(format!("there is no folder {}", folder.display())),
        // The temporary file's name says nothing to anybody.
        kind => io::Error::new(
            kind,
            error
                .to_string()
                .split(" at path ")
                .next()
                .unwrap_or_default()
                .to_owned(),
        ),
    })?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The folder that a file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why a file of these bytes is not a baseline.
    fn refused(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(&path, bytes).unwrap();
        let problems = loader(&trueup_controls::controls()).load(&path).unwrap_err();
        problems
            .to_string()
            .replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn a_file_that_is_not_text_or_too_large_is_refused() {
        insta::assert_snapshot!(refused(b"a = \"\xff\""), @"error: cannot read a.toml: not UTF-8 text at byte 5");
        let large = vec![b'#'; LARGEST as usize + 1];
        insta::assert_snapshot!(refused(&large), @"error: cannot read a.toml: more than 1 MiB, which is no baseline");
    }
}

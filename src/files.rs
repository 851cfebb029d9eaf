//! Files: baselines and saved plans are read here, and what trueup saves is written here.

use std::io::{self, Read, Write};
use std::path::Path;

pub use crate::built_in::BUILT_IN;
use trueup_core::baseline::{File, Files, Loader};
use trueup_core::control::Controls;
use trueup_core::plan_file::{self, PlanFileError};

/// The largest baseline or world that is read, in bytes: far more than any needs, and little enough that a slip such as
/// an archive is reported at once.
const LARGEST: u64 = 1 << 20;

/// The largest saved plan that is read, in bytes. One of the whole checklist in a new account has less than 1 MiB.
const LARGEST_PLAN: u64 = 64 << 20;

/// What a file is that trueup writes: an existing file is replaced only by one of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A baseline, as `export` writes it.
    Baseline,
    /// A saved plan.
    Plan,
}

/// The files of this machine, and standard input.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<File> {
        if path == Path::new("-") {
            return Ok(File {
                identity: path.to_owned(),
                text: text_of(io::stdin().lock(), LARGEST)?,
            });
        }
        let text = text_of(opened(path)?, LARGEST)?;
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

/// A regular file, or the pipe of a shell's `<(command)`. Anything else has no end, or waits for ever to be opened.
fn opened(path: &Path) -> io::Result<std::fs::File> {
    let found = std::fs::metadata(path)?;
    let of_the_shell = ["/dev/fd", "/proc/self/fd"]
        .iter()
        .any(|folder| path.starts_with(folder));
    if found.is_file() || (of_the_shell && is_pipe(&found)) {
        return std::fs::File::open(path);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        if found.is_dir() {
            "it is a directory"
        } else {
            "it is not a regular file"
        },
    ))
}

#[cfg(unix)]
fn is_pipe(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    found.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &std::fs::Metadata) -> bool {
    false
}

fn text_of(file: impl Read, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut bytes)?;
    if read as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it has more than {} MiB", most >> 20),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8 text at byte {at}"))
    })
}

/// The text of a saved plan.
pub(crate) fn saved_plan(path: &Path) -> Result<String, PlanFileError> {
    opened(path)
        .and_then(|file| text_of(file, LARGEST_PLAN))
        .map_err(|error| PlanFileError::Unreadable {
            path: path.to_owned(),
            cause: error.to_string(),
        })
}

/// The text of a world, which is as large as a baseline at most.
pub(crate) fn world(path: &Path) -> io::Result<String> {
    text_of(opened(path)?, LARGEST)
}

/// Refuses to replace a file that is not of the kind that is to be written. An empty file may be replaced by any, and
/// so may what cannot be replaced at all: a pipe or a device, which only takes the text.
pub(crate) fn may_replace(path: &Path, kind: Kind) -> Result<(), PlanFileError> {
    let Ok(found) = std::fs::metadata(path) else {
        return Ok(());
    };
    if !found.is_file() || found.len() == 0 {
        return Ok(());
    }
    let text = opened(path).and_then(|file| match kind {
        Kind::Baseline => text_of(file, LARGEST),
        // Its first bytes tell it, also where it is damaged.
        Kind::Plan => text_of(file.take(plan_file::HEAD.len() as u64), LARGEST_PLAN),
    });
    let is_of_the_kind = text.is_ok_and(|text| match kind {
        Kind::Baseline => trueup_core::baseline::is_one(&trueup_controls::controls(), &text),
        Kind::Plan => text == plan_file::HEAD,
    });
    if is_of_the_kind {
        return Ok(());
    }
    let what = match kind {
        Kind::Baseline => "a baseline",
        Kind::Plan => "a saved plan",
    };
    Err(PlanFileError::Unwritable {
        path: path.to_owned(),
        cause: format!("the file exists and is not {what}; name another file, or remove this one"),
    })
}

/// Writes a file that only its owner may read, whole or not at all: plans and exports hold phones and e-mails.
pub(crate) fn write_private(path: &Path, text: &str, kind: Kind) -> Result<(), PlanFileError> {
    may_replace(path, kind)?;
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
        return std::fs::write(path, text).map(|()| true).map_err(unwritable);
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
        insta::assert_snapshot!(refused(&large), @"error: cannot read a.toml: it has more than 1 MiB");
    }

    /// Why a baseline that extends a file with this text is refused.
    fn extending(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(&path, "extends = [\"./other\"]\n").unwrap();
        std::fs::write(folder.path().join("other"), text).unwrap();
        let problems = loader(&trueup_controls::controls()).load(&path).unwrap_err();
        problems
            .to_string()
            .replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn nothing_of_an_extended_file_that_is_not_a_baseline_is_shown() {
        insta::assert_snapshot!(extending("A=b\nTOKEN=s3cret\n"), @r#"
        error: cannot extend ./other: it is not a baseline (line 1 is not TOML)
         --> a.toml:1:12
          |
        1 | extends = ["./other"]
          |            ^^^^^^^^^
          |
          = note: expected a baseline, a TOML file with a table of the account or of a control
        "#);
        insta::assert_snapshot!(extending("# Ours\n[registry]\ntoken = \"s3cret\"\n"), @r#"
        error: cannot extend ./other: it is not a baseline (line 2 is not part of any of its tables)
         --> a.toml:1:12
          |
        1 | extends = ["./other"]
          |            ^^^^^^^^^
          |
          = note: expected a baseline, a TOML file with a table of the account or of a control
        "#);
        for secret in [
            "s3cret",
            "root:s3cret:0:0",
            "-----BEGIN KEY-----\ns3cret\n",
            "s3cret = 1\nregion = \"eu-west-1\"",
            "[default]\naws_secret_access_key = s3cret\nregion = eu-west-1",
            "{\"s3cret\": 1}",
            "[s3cret]\nextends = 1\n[tag]\n",
        ] {
            let refused = extending(secret);
            assert!(refused.contains("it is not a baseline (line "), "{refused}");
            assert!(!refused.contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn what_is_wrong_in_an_extended_baseline_is_shown() {
        for text in [
            "[default_vpc]\nstat = 1\n",
            "[acount]\n[tags]\na =\n",
            "[tags]\n[guardduty\n",
        ] {
            let refused = extending(text);
            assert!(refused.contains("other:") && refused.contains(" | "), "{refused}");
        }
    }

    #[test]
    fn a_file_is_replaced_only_by_one_of_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let plan = format!("{}1, damaged", plan_file::HEAD);
        for (text, by_baseline, by_plan) in [
            ("", true, true),
            (
                "# Written by hand.\n[account]\nalias = \"acme\"\n[a]\n",
                true,
                false,
            ),
            (&*plan, false, true),
            ("{\"format_version\":1,\"world\":{}}", false, false),
            ("# Notes\nBuy milk.\n", false, false),
            ("[package]\nname = \"a\"\n[dependencies]\n", false, false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(
                write_private(&path, "new", Kind::Baseline).is_ok(),
                by_baseline,
                "{text}"
            );
            std::fs::write(&path, text).unwrap();
            assert_eq!(write_private(&path, "new", Kind::Plan).is_ok(), by_plan, "{text}");
            let expected = if by_plan { "new" } else { text };
            assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        }
        insta::assert_snapshot!(
            may_replace(&path, Kind::Plan).unwrap_err().to_string().replace(&path.display().to_string(), "notes.md"),
            @"cannot write notes.md: the file exists and is not a saved plan; name another file, or remove this one"
        );
    }

    #[test]
    fn what_is_not_a_regular_file_is_not_read() {
        let told = |path: &str| saved_plan(Path::new(path)).unwrap_err().to_string();
        insta::assert_snapshot!(told("/dev/zero"), @"cannot read the saved plan /dev/zero: it is not a regular file");
        insta::assert_snapshot!(told("/"), @"cannot read the saved plan /: it is a directory");
        let controls = trueup_controls::controls();
        insta::assert_snapshot!(loader(&controls).load(Path::new("/dev/zero")).unwrap_err(), @"error: cannot read /dev/zero: it is not a regular file");
        assert!(world(Path::new("/dev/zero")).is_err());
    }

    #[test]
    fn a_file_full_of_mistakes_is_refused_at_once() {
        let keys: String = (0..20_000)
            .map(|number| format!("key_{number} = {number}\n"))
            .collect();
        let inner = keys.replace('\n', ", ");
        let started = std::time::Instant::now();
        for text in [
            keys.clone(),
            format!("[guardduty]\n{keys}"),
            format!("[guardduty]\nfeatures = {{ {inner} }}\n"),
            format!(
                "[tags]\n{}",
                keys.replace("key", "aws:key")
                    .replace("aws", "\"aws")
                    .replace(" =", "\" =")
            ),
            format!("[account]\nregions = [{}]\n", "\"eu-west-1\", ".repeat(20_000)),
            format!("[account]\nid = 0{}\n", "1".repeat(900_000)),
            format!("[guardduty]\n{}\n", "x".repeat(900_000)),
        ] {
            let problems = loader(&trueup_controls::controls())
                .load_text("a.toml", &text)
                .unwrap_err();
            let told = problems.to_string();
            assert!(told.len() < 1 << 20, "{} bytes", told.len());
        }
        let took = started.elapsed();
        // Far less than the hours that it takes where the time grows with the square of the number.
        assert!(took.as_secs() < 60, "{took:?}");
    }

    #[test]
    fn a_baseline_is_made_of_a_bounded_number_of_files() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..200 {
            let path = folder.path().join(format!("{number}.toml"));
            std::fs::write(path, format!("extends = [\"./{}.toml\"]\n", number + 1)).unwrap();
        }
        let first = folder.path().join("0.toml");
        let told = loader(&trueup_controls::controls())
            .load(&first)
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("a baseline is made of more than 100 files"),
            "{told}"
        );
    }
}

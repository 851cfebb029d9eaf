//! Where the account is kept: in memory, or in a file that several processes share.
//!
//! Each request is one transaction: lock, read what another process has written meanwhile, handle, write, unlock.
//! The lock is on a file *beside* the state, since writing replaces the state's file by another one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::exchange::State;
use super::{SandboxError, World};

/// The form of the file. A file of another version is refused: it is somebody's account, never to be overwritten.
const FORMAT_VERSION: u32 = 1;

/// The largest state that is read, in bytes: some hundred times that of a converged account.
const LARGEST: u64 = 256 << 20;

/// How every state begins, of whatever version; a saved plan, which is JSON too, has a line break there.
const HEAD: &str = "{\"format_version\":";

/// A state and where it is kept.
pub(super) struct Store {
    state: State,
    file: Option<StateFile>,
}

struct StateFile {
    path: PathBuf,
    /// What was in the file when it was last read or written; nothing if it must be read anew.
    seen: Option<Stamp>,
}

/// Tells one content of the file from another. The generation alone would do for every writer that keeps to the
/// rules; time and length notice the one who edits the file by hand.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    generation: u64,
    /// Nothing while there is no file.
    file: Option<(SystemTime, u64)>,
}

/// The file's head, which is read before the rest.
#[derive(Deserialize)]
struct Head {
    format_version: u32,
}

#[derive(Serialize)]
struct Written<'a> {
    format_version: u32,
    #[serde(flatten)]
    state: &'a State,
}

#[derive(Deserialize)]
struct Stored {
    world: World,
    progress: super::trouble::Course,
    account: super::Account,
}

impl Store {
    /// An account that nobody else sees and that ends with the process.
    pub(super) fn in_memory(world: World) -> Self {
        Store {
            state: State::new(world),
            file: None,
        }
    }

    /// The account in a file, a new one if there is no file.
    ///
    /// A given world is written down at once, so that later commands need not name it. If there is a file, it must
    /// be of that world.
    pub(super) fn open(path: &Path, world: Option<World>) -> Result<Self, SandboxError> {
        let mut store = Store {
            state: State::new(world.clone().unwrap_or_default()),
            file: Some(StateFile {
                path: path.to_owned(),
                seen: None,
            }),
        };
        store.transact(|state, exists| match &world {
            None => Ok((false, ())),
            Some(_) if !exists => Ok((true, ())),
            Some(world) if state.world == *world => Ok((false, ())),
            Some(_) => Err(SandboxError::OtherWorld(path.to_owned())),
        })??;
        Ok(store)
    }

    /// Puts a new account in the place of the one in the file, be it readable or not. A file that never was a
    /// state is refused: it is somebody's baseline or saved plan, and its name a slip.
    pub(super) fn create(path: &Path, world: World) -> Result<Self, SandboxError> {
        let mut file = StateFile {
            path: path.to_owned(),
            seen: None,
        };
        if !file.is_free_or_a_state()? {
            return Err(SandboxError::NotAState(path.to_owned()));
        }
        let state = State::new(world);
        let mut lock = file.lock()?;
        file.write(&mut lock, &state)?;
        Ok(Store {
            state,
            file: Some(file),
        })
    }

    /// One transaction. What the closure does is written if it says so, and is durable when this returns; if it
    /// cannot be written, it has not happened.
    pub(super) fn request<T>(
        &mut self,
        handle: impl FnOnce(&mut State) -> (bool, T),
    ) -> Result<T, SandboxError> {
        match self.transact(|state, _| Ok::<_, std::convert::Infallible>(handle(state)))? {
            Ok(value) => Ok(value),
        }
    }

    /// The closure learns whether there is a file, and says whether to write. An error of its own writes nothing.
    fn transact<T, E>(
        &mut self,
        handle: impl FnOnce(&mut State, bool) -> Result<(bool, T), E>,
    ) -> Result<Result<T, E>, SandboxError> {
        let Some(file) = &mut self.file else {
            return Ok(handle(&mut self.state, true).map(|(_, value)| value));
        };
        let mut lock = file.lock()?;
        let now = file.stamp(&mut lock)?;
        if file.seen != Some(now) {
            if now.file.is_some() {
                self.state = file.read()?;
            } else if file.seen.is_some_and(|seen| seen.file.is_some()) {
                // Somebody has removed the file: the account begins anew.
                self.state = State::new(self.state.world.clone());
            }
            file.seen = Some(now);
        }
        let outcome = handle(&mut self.state, now.file.is_some());
        if let Ok((true, _)) = &outcome
            && let Err(error) = file.write(&mut lock, &self.state)
        {
            // Memory is ahead of the file now; the next request reads the file.
            file.seen = None;
            self.state = State::new(self.state.world.clone());
            return Err(error);
        }
        Ok(outcome.map(|(_, value)| value))
    }
}

impl StateFile {
    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> SandboxError {
        let path = self.path.clone();
        move |source| SandboxError::Io { doing, path, source }
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Waits for the lock. It is given back when the file is closed, also if the process dies.
    fn lock(&self) -> Result<File, SandboxError> {
        let open = || {
            // A device or a pipe has no end, and no file beside it.
            if fs::metadata(&self.path).is_ok_and(|found| !found.is_file()) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "it is not a regular file",
                ));
            }
            fs::create_dir_all(self.folder())?;
            let mut name = self.path.clone().into_os_string();
            name.push(".lock");
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(name)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(self.failed("lock"))
    }

    /// The lock's file holds the number of writes so far.
    fn stamp(&self, lock: &mut File) -> Result<Stamp, SandboxError> {
        let mut read = || {
            let mut text = String::new();
            lock.seek(SeekFrom::Start(0))?;
            lock.read_to_string(&mut text)?;
            let file = match fs::metadata(&self.path) {
                Ok(metadata) => Some((metadata.modified()?, metadata.len())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            Ok(Stamp {
                generation: text.trim().parse().unwrap_or(0),
                file,
            })
        };
        read().map_err(self.failed("read"))
    }

    /// True if there is no file, an empty one, or one that begins as [`Written`] does, whole or cut short.
    fn is_free_or_a_state(&self) -> Result<bool, SandboxError> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(self.failed("read")(error)),
            Ok(found) if !found.is_file() => Ok(false),
            Ok(_) => {
                let mut start = vec![];
                File::open(&self.path)
                    .and_then(|file| file.take(HEAD.len() as u64).read_to_end(&mut start))
                    .map_err(self.failed("read"))?;
                Ok(HEAD.as_bytes().starts_with(&start))
            }
        }
    }

    /// The file's bytes.
    fn bytes(&self) -> io::Result<Vec<u8>> {
        if fs::metadata(&self.path)?.len() > LARGEST {
            let most = LARGEST >> 20;
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("it has more than {most} MiB"),
            ));
        }
        fs::read(&self.path)
    }

    fn read(&self) -> Result<State, SandboxError> {
        let text = self.bytes().map_err(self.failed("read"))?;
        let unreadable = |source| SandboxError::Unreadable {
            path: self.path.clone(),
            source,
        };
        let head: Head = serde_json::from_slice(&text).map_err(unreadable)?;
        if head.format_version != FORMAT_VERSION {
            return Err(SandboxError::OtherVersion {
                path: self.path.clone(),
                found: head.format_version,
                known: FORMAT_VERSION,
            });
        }
        let Stored {
            world,
            progress,
            account,
        } = serde_json::from_slice(&text).map_err(unreadable)?;
        Ok(State {
            world,
            progress,
            account,
        })
    }

    fn write(&mut self, lock: &mut File, state: &State) -> Result<(), SandboxError> {
        let next = self.stamp(lock)?.generation + 1;
        let mut write = || {
            // The number goes up before the content changes: a crash between the two costs a reader one more read.
            lock.seek(SeekFrom::Start(0))?;
            lock.write_all(next.to_string().as_bytes())?;
            let mut file = tempfile::NamedTempFile::new_in(self.folder())?;
            let mut buffered = io::BufWriter::new(&mut file);
            serde_json::to_writer(
                &mut buffered,
                &Written {
                    format_version: FORMAT_VERSION,
                    state,
                },
            )?;
            buffered.flush()?;
            drop(buffered);
            file.as_file().sync_all()?;
            file.persist(&self.path)?;
            // The name is in the folder, and the folder is a file of its own.
            #[cfg(unix)]
            File::open(self.folder())?.sync_all()?;
            Ok(())
        };
        write().map_err(self.failed("write"))?;
        self.seen = Some(self.stamp(lock)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bump(store: &mut Store) -> Result<String, SandboxError> {
        store.request(|state| (true, state.account.ids.next("i")))
    }

    fn alias(store: &mut Store) -> Option<String> {
        store
            .request(|state| (false, state.account.iam.alias.clone()))
            .unwrap()
    }

    #[test]
    fn a_missing_file_is_a_new_account_and_reading_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/sandbox.json");
        let mut store = Store::open(&path, None).unwrap();
        assert_eq!(alias(&mut store), None);
        assert!(!path.exists());
        bump(&mut store).unwrap();
        assert!(path.exists());
    }

    #[test]
    fn a_state_that_is_not_a_regular_file_or_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let endless = folder.path().join("endless.json");
        std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
        let large = folder.path().join("large.json");
        File::create(&large).unwrap().set_len(LARGEST + 1).unwrap();
        for path in [endless, large] {
            let refused = Store::open(&path, None).err().unwrap();
            assert!(matches!(refused, SandboxError::Io { .. }), "{refused}");
            assert!(!folder.path().join("endless.json.lock").exists());
        }
    }

    #[test]
    fn a_world_is_kept_and_another_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        let world: World = "alias = \"acme\"".parse().unwrap();
        Store::open(&path, Some(world.clone())).unwrap();
        assert_eq!(
            alias(&mut Store::open(&path, None).unwrap()).as_deref(),
            Some("acme")
        );
        assert!(Store::open(&path, Some(world)).is_ok());
        let other = "alias = \"other\"".parse().unwrap();
        assert!(matches!(
            Store::open(&path, Some(other)).err(),
            Some(SandboxError::OtherWorld(_))
        ));
        let reset = Store::create(&path, World::default()).unwrap();
        drop(reset);
        assert_eq!(alias(&mut Store::open(&path, None).unwrap()), None);
    }

    #[test]
    fn two_stores_see_each_others_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        let mut one = Store::open(&path, None).unwrap();
        let mut two = Store::open(&path, None).unwrap();
        let first = bump(&mut one).unwrap();
        let second = bump(&mut two).unwrap();
        let third = bump(&mut one).unwrap();
        assert!(first != second && second != third && first != third);
        fs::remove_file(&path).unwrap();
        assert_eq!(bump(&mut two).unwrap(), first);
    }

    #[test]
    fn only_a_state_is_replaced_by_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        for text in [
            "[account]\n",
            "{\n  \"format_version\": 1,\n  \"baseline\"",
            "{\"half\"",
        ] {
            fs::write(&path, text).unwrap();
            let refused = Store::create(&path, World::default()).err();
            assert!(matches!(refused, Some(SandboxError::NotAState(_))), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        for text in ["", "{\"form", "{\"format_version\":99,\"world"] {
            fs::write(&path, text).unwrap();
            Store::create(&path, World::default()).unwrap();
            Store::open(&path, None).unwrap();
        }
        assert!(Store::create(folder.path(), World::default()).is_err());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        for (text, said) in [
            ("{\"format_version\": 99}", "version 99"),
            ("{\"format_version\": 1, \"world", "is not a sandbox state"),
            ("not json", "is not a sandbox state"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Store::open(&path, None).err().unwrap().to_string();
            assert!(error.contains(said) && error.contains("sandbox reset"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}

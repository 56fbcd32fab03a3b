//! ipc: Unix-domain sockets with a path, an abstract name, or a path of our own making.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use ohmq_proto::endpoint::IpcEndpoint;
use socket2::{Domain, SockAddr, Socket, Type};

use super::{Bound, Listener, buffers};
use crate::config::LinkConfig;
use crate::sys::{fork_generation, watch_forks};

/// The file of a bound path. It is to be removed while the socket still listens: a file nobody listens on would be taken
/// for one left behind, and be replaced.
#[derive(Debug)]
pub struct BoundFile {
    path: PathBuf,
    identity: (u64, u64),
    /// The folder was made for it.
    folder: bool,
    /// Asked once: the file that takes its place may have its number.
    removed: AtomicBool,
    /// The process that bound it; its forked children leave it alone.
    generation: u32,
}

impl BoundFile {
    /// Removes the file, if it is still ours, and the folder made for it. The first call does; in a forked child none.
    pub fn remove(&self) {
        if self.generation != fork_generation() || self.removed.swap(true, Ordering::SeqCst) {
            return;
        }
        // Somebody else may have bound the path since.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            let _ = fs::remove_file(&self.path);
            if let Some(folder) = self.path.parent().filter(|_| self.folder) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Lets one thread at a time do something. A thread that was at it when the process forked does not exist in the child, so
/// there it is not waited for, as it would be with a mutex.
struct Turns(AtomicU32);

/// A thread has the turn, until this is dropped.
struct Turn<'a>(&'a AtomicU32);

impl Turns {
    const NOBODY: u32 = u32::MAX;

    const fn new() -> Self {
        Turns(AtomicU32::new(Self::NOBODY))
    }

    /// Waits for the turn, in the process of this generation. What is done in a turn is short.
    fn take(&self, generation: u32) -> Turn<'_> {
        loop {
            let holder = self.0.load(Ordering::Relaxed);
            let taken = || self.0.compare_exchange(holder, generation, Ordering::Acquire, Ordering::Relaxed);
            if holder != generation && taken().is_ok() {
                return Turn(&self.0);
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(Turns::NOBODY, Ordering::Release);
    }
}

pub(super) fn bind(endpoint: &IpcEndpoint, config: &LinkConfig) -> io::Result<Bound> {
    // From its making to `listen` a file is one nobody listens on: no other bind of this process may see it.
    static ONE_AT_A_TIME: Turns = Turns::new();
    let _one = ONE_AT_A_TIME.take(watch_forks());
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    buffers(&socket, &config.stream);
    let (name, file) = match endpoint {
        IpcEndpoint::Abstract(name) => {
            socket.bind(&abstract_address(name)?)?;
            (format!("ipc://@{name}"), None)
        }
        IpcEndpoint::Path(path) => (format!("ipc://{path}"), Some(bind_path(&socket, path.into(), false)?)),
        IpcEndpoint::Temporary => {
            let folder = private_folder()?;
            let path = folder.join("socket");
            let name = format!("ipc://{}", path.display());
            let bound = bind_path(&socket, path, true).inspect_err(|_| drop(fs::remove_dir(&folder)));
            (name, Some(bound?))
        }
    };
    let file = file.map(Arc::new);
    // Whatever happens from now on, its end removes the file.
    let listener = Listener { file: file.clone(), socket, tcp: false };
    listener.socket.listen(config.backlog)?;
    Ok(Bound { listener, endpoint: name, file })
}

/// The address to connect to; `None` for a wildcard, which the grammar refuses before.
pub(super) fn address(endpoint: &IpcEndpoint) -> Option<SockAddr> {
    match endpoint {
        IpcEndpoint::Path(path) => SockAddr::unix(path).ok(),
        IpcEndpoint::Abstract(name) => abstract_address(name).ok(),
        IpcEndpoint::Temporary => None,
    }
}

/// An abstract name is an address whose path begins with a zero byte.
fn abstract_address(name: &str) -> io::Result<SockAddr> {
    let mut path = vec![0];
    path.extend_from_slice(name.as_bytes());
    SockAddr::unix(OsString::from_vec(path))
}

/// Binds a path. A socket file that nobody listens on is left from an earlier run and is replaced, as libzmq does; one
/// in use, or a file that is no socket, stays and is `EADDRINUSE` (libzmq deletes both).
fn bind_path(socket: &Socket, path: PathBuf, folder: bool) -> io::Result<BoundFile> {
    let address = SockAddr::unix(&path)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(&path, &address) => {
            match fs::remove_file(&path) {
                // Whoever left it, or found it too, was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
            socket.bind(&address)?;
        }
        other => other?,
    }
    let made = fs::symlink_metadata(&path)?;
    let identity = (made.dev(), made.ino());
    let removed = AtomicBool::new(false);
    Ok(BoundFile { path, identity, folder, removed, generation: fork_generation() })
}

fn is_stale(path: &Path, address: &SockAddr) -> bool {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        return false;
    }
    let Ok(probe) = Socket::new(Domain::UNIX, Type::STREAM, None) else { return false };
    probe.set_nonblocking(true).is_ok()
        && probe.connect(address).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// A folder only this user can enter, in the system's place for temporary files.
fn private_folder() -> io::Result<PathBuf> {
    let base = std::env::temp_dir();
    for _ in 0..16 {
        let folder = base.join(format!("ohmq-{:016x}", getrandom::u64().map_err(io::Error::other)?));
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other.map(|()| folder),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_turn_left_behind_by_a_fork_is_free() {
        static TURNS: Turns = Turns::new();
        let (sender, taken) = mpsc::channel();
        let parent = TURNS.take(0);
        std::thread::spawn(move || {
            let child = TURNS.take(1);
            sender.send("child").unwrap();
            drop(child);
        });
        assert_eq!(taken.recv_timeout(Duration::from_secs(10)), Ok("child"));
        drop(parent);
    }

    /// The place for temporary files is the process's, so this test starts itself with another.
    #[test]
    fn a_private_folder_does_not_outlive_a_bind_that_failed() {
        const TEST: &str = "transport::ipc::tests::a_private_folder_does_not_outlive_a_bind_that_failed";
        const ALONE: &str = "OHMQ_TEST_LONG_PLACE";
        if std::env::var_os(ALONE).is_some() {
            let connection = ohmq_proto::connection::ConnectionConfig::new(ohmq_spec::SocketType::Pull);
            let config = LinkConfig {
                connection,
                stream: crate::config::StreamOptions::default(),
                reconnect: crate::config::Reconnect { interval: None, maximum: None },
                connect_timeout: None,
                send_hwm: 0,
                recv_hwm: 0,
                messages_are_events: false,
                backlog: 1,
                ipv6: false,
            };
            assert!(bind(&IpcEndpoint::Temporary, &config).is_err(), "the path is too long");
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let long = place.path().join("x".repeat(100));
        fs::create_dir(&long).unwrap();
        let ended = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", TEST])
            .env(ALONE, "1")
            .env("TMPDIR", &long)
            .output()
            .unwrap();
        assert!(ended.status.success(), "{ended:?}");
        assert_eq!(fs::read_dir(&long).unwrap().count(), 0);
    }

    #[test]
    fn one_thread_at_a_time_has_the_turn() {
        static TURNS: Turns = Turns::new();
        static AT_IT: AtomicBool = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let _turn = TURNS.take(7);
                        assert!(!AT_IT.swap(true, Ordering::SeqCst));
                        AT_IT.store(false, Ordering::SeqCst);
                    }
                });
            }
        });
    }
}

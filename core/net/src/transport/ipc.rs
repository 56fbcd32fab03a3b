//! ipc: Unix-domain sockets with a path, an abstract name, or a path of our own making.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ohmq_proto::endpoint::IpcEndpoint;
use socket2::{Domain, SockAddr, Socket, Type};

use super::{Bound, Listener, buffers};
use crate::config::LinkConfig;

/// The file of a bound path. Dropping it removes the file, if it is still ours, and the folder we made for it. That is
/// done while the socket still listens: a file nobody listens on would be taken for one left behind, and be replaced.
#[derive(Debug)]
pub(super) struct BoundFile {
    path: PathBuf,
    identity: (u64, u64),
    folder: bool,
}

impl Drop for BoundFile {
    fn drop(&mut self) {
        // Somebody else may have bound the path since.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            let _ = fs::remove_file(&self.path);
            if let Some(folder) = self.path.parent().filter(|_| self.folder) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

pub(super) fn bind(endpoint: &IpcEndpoint, config: &LinkConfig) -> io::Result<Bound> {
    // From its making to `listen` a file is one nobody listens on: no other bind of this process may see it.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
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
            let path = private_folder()?.join("socket");
            (format!("ipc://{}", path.display()), Some(bind_path(&socket, path, true)?))
        }
    };
    socket.listen(config.backlog)?;
    Ok(Bound { listener: Listener { _file: file, socket, tcp: false }, endpoint: name })
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
    Ok(BoundFile { path, identity: (made.dev(), made.ino()), folder })
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

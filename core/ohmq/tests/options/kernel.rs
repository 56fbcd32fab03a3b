//! The kernel's table of IPv4 connections, and our own descriptors behind it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use crate::peer::insist;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    Established,
    Connecting,
    Listening,
    Other,
}

/// One end of a connection, or a listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) state: State,
    /// Bytes to be read; of a listener, connections to be accepted.
    pub(crate) waiting: u32,
    inode: u64,
}

pub(crate) fn rows() -> Vec<Row> {
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap();
    table.lines().skip(1).filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let state = match *fields.get(3)? {
        "01" => State::Established,
        "02" => State::Connecting,
        "0A" => State::Listening,
        _ => State::Other,
    };
    Some(Row {
        local: address(fields[1])?,
        remote: address(fields[2])?,
        state,
        waiting: u32::from_str_radix(fields[4].split_once(':')?.1, 16).ok()?,
        inode: fields.get(9)?.parse().ok()?,
    })
}

/// The host's number is written as if it were one of this machine, which it is not.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let host = u32::from_str_radix(host, 16).ok()?.to_ne_bytes();
    Some(SocketAddr::new(Ipv4Addr::from(host).into(), u16::from_str_radix(port, 16).ok()?))
}

/// A copy of the descriptor of this process that is meant. The table may lack a row while others come and go.
pub(crate) fn descriptor(meant: impl Fn(&Row) -> bool) -> OwnedFd {
    let row = insist("there is no such connection", || rows().into_iter().find(&meant));
    let link = format!("socket:[{}]", row.inode);
    let is_it = |entry: &fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|to| to.as_os_str() == &*link);
    let entry = fs::read_dir("/proc/self/fd").unwrap().flatten().find(is_it).expect("it is ours");
    let number = entry.file_name().to_str().unwrap().parse().unwrap();
    let process = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    pidfd_getfd(process, number, PidfdGetfdFlags::empty()).unwrap()
}

//! Dialling: resolve, connect, and try again with jittered back-off.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::Interest;
use mio::unix::SourceFd;
use ohmq_proto::endpoint::Endpoint;
use socket2::Socket;

use super::handle::Command;
use super::turn::{Alarm, IoThread, register};
use crate::config::Reconnect;
use crate::kernel;
use crate::link::{Link, Loss};
use crate::stream::Stream;
use crate::transport::{self, Begun, Lookup};

/// The dialling side of a link.
pub(super) struct Dial {
    target: Endpoint,
    attempt: u64,
    /// Attempts since the last handshake that succeeded.
    failures: u32,
    /// A connect in progress, and the addresses to try after it.
    connecting: Option<Socket>,
    others: Vec<SocketAddr>,
    jitter: u64,
}

impl Dial {
    pub(super) fn is_connecting(&self) -> bool {
        self.connecting.is_some()
    }

    /// A handshake went through: the next pause is the first again.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How long to wait before the next attempt: libzmq's interval plus a random part of it, or, with a maximum,
    /// doubling up to that with full jitter in the upper half so that a crowd of clients does not return in step.
    fn pause(&mut self, reconnect: &Reconnect) -> Option<Duration> {
        let first = reconnect.interval?;
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        let share = (self.jitter % 1000) as u32;
        let pause = match reconnect.maximum.filter(|maximum| *maximum > first) {
            None => first + first * share / 1000,
            Some(maximum) => {
                let grown = first.saturating_mul(1u32.checked_shl(self.failures.min(20)).unwrap_or(u32::MAX));
                let ceiling = grown.min(maximum);
                ceiling / 2 + ceiling / 2 * share / 1000
            }
        };
        self.failures = self.failures.saturating_add(1);
        Some(pause)
    }
}

impl IoThread {
    pub(super) fn dial(&mut self, link: Arc<Link>, target: Endpoint) {
        let key = link.key();
        // A xorshift state must not be zero; without entropy the key still tells links apart.
        let seed = getrandom::u64().unwrap_or(0) ^ (key << 1);
        let dial =
            Dial { target, attempt: 0, failures: 0, connecting: None, others: Vec::new(), jitter: seed | 1 };
        self.insert(link, Some(dial));
        self.attempt(key);
    }

    /// Starts one attempt to connect.
    fn attempt(&mut self, key: u64) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let Some(dial) = entry.dial.as_mut() else { return };
        dial.attempt += 1;
        let attempt = dial.attempt;
        let config = entry.link.config();
        match transport::lookup(&dial.target, config.ipv6) {
            Lookup::Unix(address) => {
                let begun = transport::begin_unix(&address, &config.stream);
                self.on_begun(key, begun);
            }
            Lookup::Addresses(addresses) => self.try_addresses(key, addresses),
            Lookup::Name(query) => {
                // getaddrinfo blocks for as long as it likes, so it gets a thread of its own.
                let handle = self.handle.clone();
                let resolver = std::thread::Builder::new().name("ohmq-resolve".into());
                let failed = self.handle.clone();
                let started = resolver.spawn(move || {
                    handle.send(Command::Resolved { key, attempt, addresses: query.resolve() });
                });
                if let Err(error) = started {
                    failed.send(Command::Resolved { key, attempt, addresses: Err(error) });
                }
            }
        }
    }

    pub(super) fn on_resolved(&mut self, key: u64, attempt: u64, addresses: io::Result<Vec<SocketAddr>>) {
        let current = self.entries.get(&key).and_then(|entry| entry.dial.as_ref()).map(|dial| dial.attempt);
        if current != Some(attempt) {
            return;
        }
        match addresses {
            Ok(addresses) => self.try_addresses(key, addresses),
            Err(_) => self.schedule_redial(key),
        }
    }

    /// Tries the first address; the others wait in case it refuses.
    fn try_addresses(&mut self, key: u64, mut addresses: Vec<SocketAddr>) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let Some(dial) = entry.dial.as_mut() else { return };
        if addresses.is_empty() {
            return self.schedule_redial(key);
        }
        let first = addresses.remove(0);
        dial.others = addresses;
        let begun = transport::begin_tcp(&dial.target, first, entry.link.config());
        self.on_begun(key, begun);
    }

    fn on_begun(&mut self, key: u64, begun: io::Result<Begun>) {
        match begun {
            Ok(Begun::Done(stream)) => self.attach_stream(key, stream),
            Ok(Begun::Pending(socket)) => {
                if register(self.poll.registry(), socket.as_raw_fd(), key, Interest::WRITABLE).is_err() {
                    return self.schedule_redial(key);
                }
                let Some(entry) = self.entries.get_mut(&key) else { return };
                let limit = entry.link.config().connect_timeout;
                let Some(dial) = entry.dial.as_mut() else { return };
                dial.connecting = Some(socket);
                // Each address has its time, from when it is tried.
                dial.attempt += 1;
                if let Some(limit) = limit {
                    self.timers.insert((kernel::now() + limit, key, Alarm::ConnectTimeout(dial.attempt)));
                }
            }
            Err(_) => self.next_address(key),
        }
    }

    /// A pending connect was decided.
    pub(super) fn on_connecting(&mut self, key: u64) {
        let Some(dial) = self.entries.get_mut(&key).and_then(|entry| entry.dial.as_mut()) else { return };
        let Some(socket) = dial.connecting.take() else { return };
        match transport::connected(&socket) {
            Ok(false) => dial.connecting = Some(socket),
            Ok(true) => {
                let _ = self.poll.registry().deregister(&mut SourceFd(&socket.as_raw_fd()));
                self.attach_stream(key, Stream::new(socket));
            }
            Err(_) => {
                let _ = self.poll.registry().deregister(&mut SourceFd(&socket.as_raw_fd()));
                self.next_address(key);
            }
        }
    }

    pub(super) fn on_connect_timeout(&mut self, key: u64, attempt: u64) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let Some(dial) = entry.dial.as_mut().filter(|dial| dial.attempt == attempt) else { return };
        if let Some(socket) = dial.connecting.take() {
            let _ = self.poll.registry().deregister(&mut SourceFd(&socket.as_raw_fd()));
            self.next_address(key);
        }
    }

    fn next_address(&mut self, key: u64) {
        let Some(dial) = self.entries.get_mut(&key).and_then(|entry| entry.dial.as_mut()) else { return };
        let others = std::mem::take(&mut dial.others);
        self.try_addresses(key, others);
    }

    /// The attempt failed or the connection was lost: wait, then try again; or end the link when it may not.
    pub(super) fn schedule_redial(&mut self, key: u64) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let Some(dial) = entry.dial.as_mut() else { return };
        dial.others.clear();
        match dial.pause(&entry.link.config().reconnect) {
            Some(pause) => {
                dial.attempt += 1;
                self.timers.insert((kernel::now() + pause, key, Alarm::Redial(dial.attempt)));
            }
            None => {
                entry.link.finish(Loss::Stream(io::ErrorKind::ConnectionRefused));
                self.gone(key);
            }
        }
    }

    pub(super) fn redial(&mut self, key: u64, attempt: u64) {
        let current = self.entries.get(&key).and_then(|entry| entry.dial.as_ref()).map(|dial| dial.attempt);
        if current == Some(attempt) {
            self.attempt(key);
        }
    }
}

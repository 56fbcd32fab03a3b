//! A connected, non-blocking byte stream: TCP or a Unix-domain socket.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use std::time::Duration;

use bytes::BytesMut;
use rustix::net::SendFlags;
use socket2::Socket;

use crate::{kernel, sys};

/// One connected stream. Reading and writing take `&self`: the two roles of a link may be in different threads.
#[derive(Debug)]
pub struct Stream {
    socket: Socket,
    room: kernel::Room,
    _closing: kernel::Closing,
}

/// A peer that has gone must be an error code, never a SIGPIPE in a process that is not ours.
#[cfg(not(any(target_vendor = "apple", windows)))]
const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL;
#[cfg(any(target_vendor = "apple", windows))]
const SEND_FLAGS: SendFlags = SendFlags::empty();

impl Stream {
    /// Wraps a connected socket that is already non-blocking.
    pub(crate) fn new(socket: Socket) -> Self {
        Stream { socket, room: kernel::Room::new(), _closing: kernel::Closing }
    }

    /// Writes as much as the kernel takes now.
    pub(crate) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        loop {
            let result = match slices {
                // Not through libc, whose calls are made ready for the thread's cancellation.
                [single] => rustix::net::send(&self.socket, single, SEND_FLAGS).map_err(io::Error::from),
                many => self.socket.send_vectored_with_flags(many, SEND_FLAGS.bits() as i32),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    let taken = other.as_ref().ok().copied();
                    self.room.on_write(taken, || slices.iter().map(|slice| slice.len()).sum());
                    kernel::changed();
                    return other;
                }
            }
        }
    }

    /// Waits until the kernel has room for a good part of its queue, for at most `time`; says whether it has.
    pub(crate) fn wait_for_room(&self, time: Duration) -> bool {
        // In a model nobody sleeps outside the model.
        !cfg!(shuttle) && sys::is_writable(self.socket.as_fd(), time)
    }

    /// Whether the poller's word that there is room is news.
    pub(crate) fn has_new_room(&self) -> bool {
        self.room.is_news()
    }

    /// Reads at most `limit` bytes behind those already in `slab`; zero is the end of the stream.
    pub(crate) fn read(&self, slab: &mut BytesMut, limit: usize) -> io::Result<usize> {
        loop {
            match sys::read_behind(&self.socket, slab, limit) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    kernel::changed();
                    return other;
                }
            }
        }
    }
}

impl Stream {
    /// Says goodbye to the peer: it sees the end of the stream behind everything written so far.
    pub(crate) fn end_of_writing(&self) {
        // A peer that has gone already needs no goodbye.
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
        kernel::changed();
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

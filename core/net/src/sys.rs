//! The one room of this crate where `unsafe` may live, and the wrappers of system calls that have no safe form.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Once};
use std::task::{Wake, Waker};
use std::time::Duration;

use bytes::BytesMut;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::RecvFlags;
use socket2::Socket;

use crate::kernel;

/// Reads at most `limit` bytes from `socket` behind the bytes already in `slab`. Zero is the end of the stream.
pub(crate) fn read_behind(socket: &Socket, slab: &mut BytesMut, limit: usize) -> io::Result<usize> {
    slab.reserve(limit);
    let spare = slab.spare_capacity_mut();
    let window = spare.len().min(limit);
    let (_, count) = rustix::net::recv(socket, &mut spare[..window], RecvFlags::empty())?;
    // SAFETY: `recv` initialised `count` bytes at the start of the spare capacity, and `count <= window`.
    unsafe { slab.set_len(slab.len() + count) };
    Ok(count)
}

/// A descriptor that any thread can make readable: the form of a wake-up that foreign event loops understand.
///
/// Waking it is a [`Waker`]; it stays readable until [`Signal::clear`].
#[derive(Debug)]
pub struct Signal {
    read: OwnedFd,
    #[cfg(not(target_os = "linux"))]
    write: OwnedFd,
}

impl Signal {
    /// Opens the descriptor (an eventfd on Linux, else a pipe), close-on-exec and non-blocking.
    pub fn new() -> io::Result<Arc<Signal>> {
        #[cfg(target_os = "linux")]
        {
            use rustix::event::{EventfdFlags, eventfd};
            let read = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            Ok(Arc::new(Signal { read }))
        }
        #[cfg(not(target_os = "linux"))]
        {
            let (read, write) = rustix::pipe::pipe()?;
            for end in [&read, &write] {
                rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
                rustix::io::ioctl_fionbio(end, true)?;
            }
            Ok(Arc::new(Signal { read, write }))
        }
    }

    /// Makes the descriptor readable.
    pub fn raise(&self) {
        // A full counter or pipe is readable already, so a refused write has done its work too.
        #[cfg(target_os = "linux")]
        let _ = rustix::io::write(&self.read, &1u64.to_ne_bytes());
        #[cfg(not(target_os = "linux"))]
        let _ = rustix::io::write(&self.write, &[1]);
        kernel::changed();
    }

    /// Makes the descriptor unreadable again.
    pub fn clear(&self) {
        let mut buffer = [0u8; 64];
        while matches!(rustix::io::read(&self.read, &mut buffer), Ok(count) if count == buffer.len()) {}
    }

    /// A waker that raises this signal.
    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.raise();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.raise();
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

impl AsRawFd for Signal {
    fn as_raw_fd(&self) -> RawFd {
        self.read.as_raw_fd()
    }
}

const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Waits until a stream can be written, for at most `time`; says whether it can.
pub(crate) fn is_writable(stream: BorrowedFd<'_>, time: Duration) -> bool {
    let time = Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) };
    let mut wanted = [PollFd::from_borrowed_fd(stream, PollFlags::OUT)];
    matches!(rustix::event::poll(&mut wanted, Some(&time)), Ok(1..))
}

/// Whether a poller has something to tell. A poller that is closed has.
pub(crate) fn is_readable(poller: RawFd) -> bool {
    // SAFETY: the descriptor is only named to poll(2) for the length of this call.
    let poller = unsafe { BorrowedFd::borrow_raw(poller) };
    rustix::event::poll(&mut [PollFd::from_borrowed_fd(poller, PollFlags::IN)], Some(&NOW)) != Ok(0)
}

/// Whether `stream` can be read, or has ended, and whether `signal` is raised: cheaper than asking a poller that has
/// something to tell.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn look(stream: &impl AsFd, signal: &Signal) -> (bool, bool) {
    let mut set = [PollFd::new(stream, PollFlags::IN), PollFd::new(signal, PollFlags::IN)];
    match rustix::event::poll(&mut set, Some(&NOW)) {
        Ok(1..) => (!set[0].revents().is_empty(), !set[1].revents().is_empty()),
        _ => (false, false),
    }
}

/// How a wait for descriptors ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WaitResult {
    /// At least one descriptor is ready.
    Ready,
    /// The time ran out.
    TimedOut,
    /// A signal handler ran in this thread.
    Interrupted,
}

/// Blocks until `signal` or one of `others` (descriptor, read, write; the answer replaces the two wishes) is ready,
/// the time is over, or a signal arrives. `None` waits for ever.
pub fn wait_readable(
    signal: &Signal,
    others: &mut [(RawFd, bool, bool)],
    timeout: Option<Duration>,
) -> io::Result<WaitResult> {
    let mut set = Vec::with_capacity(others.len() + 1);
    set.push(PollFd::new(signal, PollFlags::IN));
    for (descriptor, read, write) in others.iter() {
        let mut wish = PollFlags::empty();
        wish.set(PollFlags::IN, *read);
        wish.set(PollFlags::OUT, *write);
        // SAFETY: the descriptor is only named to poll(2) for the length of this call; a closed one is reported by
        // the kernel as POLLNVAL and touches no memory.
        let borrowed = unsafe { BorrowedFd::borrow_raw(*descriptor) };
        set.push(PollFd::from_borrowed_fd(borrowed, wish));
    }
    let timeout = kernel::patience(timeout, || rustix::event::poll(&mut set.clone(), Some(&NOW)) != Ok(0));
    let timeout = timeout.map(|time| Timespec {
        tv_sec: time.as_secs().min(i32::MAX as u64) as i64,
        tv_nsec: time.subsec_nanos().into(),
    });
    match rustix::event::poll(&mut set, timeout.as_ref()) {
        Ok(0) => Ok(WaitResult::TimedOut),
        Ok(_) => {
            let fatal = PollFlags::ERR | PollFlags::HUP;
            for (slot, polled) in others.iter_mut().zip(&set[1..]) {
                let seen = polled.revents();
                if seen.contains(PollFlags::NVAL) {
                    return Err(io::Error::from(rustix::io::Errno::BADF));
                }
                slot.1 = slot.1 && seen.intersects(PollFlags::IN | fatal);
                slot.2 = slot.2 && seen.intersects(PollFlags::OUT | fatal);
            }
            Ok(WaitResult::Ready)
        }
        Err(rustix::io::Errno::INTR) => Ok(WaitResult::Interrupted),
        Err(error) => Err(error.into()),
    }
}

/// A timer with microseconds that wakes a poller; the poller's own time limit counts in milliseconds.
///
/// Watched edge-triggered: each new setting is one event, so it need not be read.
#[cfg(all(any(target_os = "linux", target_os = "android"), not(shuttle)))]
#[derive(Debug)]
pub(crate) struct AlarmClock(OwnedFd);

#[cfg(all(any(target_os = "linux", target_os = "android"), not(shuttle)))]
impl AlarmClock {
    /// The clock, or `None` where the system has none.
    pub(crate) fn new() -> io::Result<Option<AlarmClock>> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        Ok(Some(AlarmClock(timerfd_create(TimerfdClockId::Monotonic, flags)?)))
    }

    /// Rings once after `time`; an earlier setting is forgotten.
    pub(crate) fn ring_in(&self, time: Duration) -> bool {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, timerfd_settime};
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() };
        let setting = Itimerspec { it_interval: never, it_value: value };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &setting).is_ok()
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android"), not(shuttle)))]
impl AsRawFd for AlarmClock {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

#[cfg(shuttle)]
pub(crate) use kernel::AlarmClock;

/// Elsewhere ticks are rounded up to milliseconds.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[derive(Debug)]
pub(crate) enum AlarmClock {}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl AlarmClock {
    pub(crate) fn new() -> io::Result<Option<AlarmClock>> {
        Ok(None)
    }

    pub(crate) fn ring_in(&self, _time: Duration) -> bool {
        match *self {}
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl AsRawFd for AlarmClock {
    fn as_raw_fd(&self) -> RawFd {
        match *self {}
    }
}

static FORKS: AtomicU32 = AtomicU32::new(0);

/// From now on forks are counted; says how many there were. What was made under another number than
/// [`fork_generation`]'s belongs to a parent process.
pub fn watch_forks() -> u32 {
    static WATCH: Once = Once::new();
    extern "C" fn in_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    WATCH.call_once(|| {
        // SAFETY: the handler only adds to an atomic, which is allowed between fork and exec.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
    fork_generation()
}

/// How many forks lie between the process that first called [`watch_forks`] and the calling one.
#[inline]
pub fn fork_generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

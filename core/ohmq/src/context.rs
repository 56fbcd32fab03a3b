//! The context: what sockets of one application share. I/O threads, the names of inproc, and the end of everything.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use ohmq_net::{Handle, Reactor};
use ohmq_queue::SpinLimit;
use ohmq_queue::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering};
use ohmq_spec::{ContextOption, ErrorCode, SocketType};

use crate::core::SocketCore;
use crate::inproc::Registry;
use crate::options::Options;
use crate::{Error, Result, Socket};

/// Makes sockets and owns what they share. Clones are the same context.
///
/// I/O threads start with the first `bind` or `connect` over tcp or ipc. Dropping the last clone neither blocks nor
/// disturbs open sockets; what closed sockets have not sent yet goes on being sent while the process lives. Call
/// [`Context::term`] to wait for it.
#[derive(Clone)]
pub struct Context {
    core: Arc<ContextCore>,
}

impl Context {
    /// A context with libzmq's defaults: one I/O thread, at most 1023 sockets.
    pub fn new() -> Self {
        Context {
            core: Arc::new(ContextCore {
                settings: Mutex::new(Settings::default()),
                reactors: Mutex::new(Vec::new()),
                registry: Mutex::new(Registry::default()),
                sockets: Mutex::new(Vec::new()),
                live: Arc::new(Live::default()),
                terminated: AtomicBool::new(false),
                generation: ohmq_net::watch_forks(),
            }),
        }
    }

    /// Makes a socket.
    ///
    /// # Errors
    ///
    /// `ENOTSUP` for a type that is not implemented yet, `EMFILE` at `MAX_SOCKETS`, `ETERM` after
    /// [`Context::shutdown`].
    pub fn socket(&self, socket_type: SocketType) -> Result<Socket> {
        let fail = |code| Error::new(code, "socket", socket_type.name());
        self.core.usable("socket")?;
        if !socket_type.implemented() {
            return Err(fail(ErrorCode::Enotsup).because("this socket type is not supported yet"));
        }
        let settings = lock(&self.core.settings).clone();
        if !self.core.live.enter_socket(settings.max_sockets) {
            let detail = format!("the context has {} sockets already (MAX_SOCKETS)", settings.max_sockets);
            return Err(fail(ErrorCode::Emfile).because(detail));
        }
        let options = Options::new(socket_type, settings.ipv6, settings.blocky);
        let core = SocketCore::new(Arc::clone(&self.core), socket_type, options, settings.spin_limit());
        let mut sockets = lock(&self.core.sockets);
        if sockets.len() == sockets.capacity() {
            sockets.retain(|other| other.strong_count() > 0);
        }
        sockets.push(Arc::downgrade(&core));
        drop(sockets);
        if self.core.is_terminated() {
            // Who ended the context may not have found it in the list.
            core.end_calls();
        }
        Ok(Socket::new(core))
    }

    /// Sets an option. `IO_THREADS` must be set before the first `bind` or `connect`; the others concern sockets made
    /// afterwards.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a value outside the option's range or an option that can only be read; `ENOTSUP` for one that is
    /// not implemented; `ETERM` after [`Context::shutdown`].
    pub fn set(&self, option: ContextOption, value: i32) -> Result<()> {
        self.core.usable("set")?;
        let row = option.row();
        let fail = |code| Error::new(code, "set", row.zmq_name);
        if !row.implemented {
            return Err(fail(ErrorCode::Enotsup).because("this option is not supported yet"));
        }
        if !row.writable || !row.range.contains(value.into()) {
            return Err(fail(ErrorCode::Einval).because(format!("{value} is outside its limits")));
        }
        let mut settings = lock(&self.core.settings);
        match option {
            ContextOption::IoThreads => settings.io_threads = value as usize,
            ContextOption::MaxSockets => settings.max_sockets = value as usize,
            ContextOption::MaxMsgsz => settings.max_msgsz = value,
            ContextOption::Ipv6 => settings.ipv6 = value != 0,
            ContextOption::Blocky => settings.blocky = value != 0,
            ContextOption::Spin => settings.spin = value,
            _ => return Err(fail(ErrorCode::Enotsup).because("this option is not supported yet")),
        }
        Ok(())
    }

    /// Reads an option.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an option that can only be set, `ENOTSUP` for one that is not implemented.
    pub fn get(&self, option: ContextOption) -> Result<i32> {
        let row = option.row();
        let fail = |code| Error::new(code, "get", row.zmq_name);
        if !row.implemented {
            return Err(fail(ErrorCode::Enotsup).because("this option is not supported yet"));
        }
        if !row.readable {
            return Err(fail(ErrorCode::Einval).because("the option can only be set"));
        }
        let settings = lock(&self.core.settings);
        Ok(match option {
            ContextOption::IoThreads => settings.io_threads as i32,
            ContextOption::MaxSockets => settings.max_sockets as i32,
            ContextOption::MaxMsgsz => settings.max_msgsz,
            ContextOption::Ipv6 => settings.ipv6.into(),
            ContextOption::Blocky => settings.blocky.into(),
            ContextOption::Spin => settings.spin,
            _ => crate::OptionValue::from(row.default).as_i64().unwrap_or(0) as i32,
        })
    }

    /// Ends the work of all sockets: every call on them, blocked ones included, fails with `ETERM`. Only closing works.
    /// Never blocks, may be called from any thread and more than once.
    pub fn shutdown(&self) {
        if self.core.generation == ohmq_net::fork_generation() {
            self.core.shutdown();
        }
    }

    /// [`Context::shutdown`], then waits until every socket is closed and what they had to send is sent or its linger
    /// time is over. Close the sockets, or let other threads close them.
    ///
    /// # Errors
    ///
    /// `EFAULT` in a forked child: the context belongs to the parent.
    pub fn term(&self) -> Result<()> {
        if self.core.generation != ohmq_net::fork_generation() {
            let error = Error::new(ErrorCode::Efault, "term", "context");
            return Err(error.because("the context belongs to the process that made it"));
        }
        self.core.shutdown();
        self.core.live.wait_until_quiet();
        let reactors = std::mem::take(&mut *lock(&self.core.reactors));
        reactors.into_iter().for_each(Reactor::join);
        self.core.registry().clear();
        Ok(())
    }

    /// Whether [`Context::shutdown`] or [`Context::term`] was called.
    pub fn is_terminated(&self) -> bool {
        self.core.is_terminated()
    }
}

impl Default for Context {
    fn default() -> Self {
        Context::new()
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("terminated", &self.core.is_terminated()).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Settings {
    io_threads: usize,
    max_sockets: usize,
    max_msgsz: i32,
    ipv6: bool,
    blocky: bool,
    spin: i32,
}

impl Settings {
    /// Microseconds; what is negative is for ever.
    fn spin_limit(&self) -> SpinLimit {
        let limited = |micros| SpinLimit::at_most(Duration::from_micros(micros));
        u64::try_from(self.spin).map_or(SpinLimit::FOREVER, limited)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            io_threads: 1,
            max_sockets: 1023,
            max_msgsz: i32::MAX,
            ipv6: false,
            blocky: true,
            spin: 50,
        }
    }
}

/// The shared part of a context.
pub(crate) struct ContextCore {
    settings: Mutex<Settings>,
    reactors: Mutex<Vec<Reactor>>,
    registry: Mutex<Registry>,
    sockets: Mutex<Vec<Weak<SocketCore>>>,
    live: Arc<Live>,
    terminated: AtomicBool,
    generation: u32,
}

impl ContextCore {
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::Relaxed)
    }

    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// The I/O thread with the least to do; the first call starts them all.
    pub(crate) fn io_thread(&self, operation: &'static str, subject: &str) -> Result<Handle> {
        let mut reactors = lock(&self.reactors);
        self.usable(operation)?;
        let count = lock(&self.settings).io_threads;
        if reactors.is_empty() {
            for index in 0..count {
                let started = Reactor::start(&format!("ohmq-io-{index}"));
                reactors
                    .push(started.map_err(|error| Error::from_io(&error, operation, subject.to_owned()))?);
            }
        }
        let least = reactors.iter().map(Reactor::handle).min_by_key(Handle::load);
        least.ok_or_else(|| {
            Error::new(ErrorCode::Emthread, operation, subject.to_owned())
                .because("the context has no I/O threads")
        })
    }

    fn usable(&self, operation: &'static str) -> Result<()> {
        if self.generation != ohmq_net::fork_generation() {
            let error = Error::new(ErrorCode::Efault, operation, "context");
            return Err(error.because("the context belongs to the process that made it"));
        }
        if self.is_terminated() {
            return Err(Error::new(ErrorCode::Eterm, operation, "context"));
        }
        Ok(())
    }

    fn shutdown(&self) {
        self.terminated.store(true, Ordering::SeqCst);
        let sockets: Vec<_> = lock(&self.sockets).iter().filter_map(Weak::upgrade).collect();
        for socket in sockets {
            socket.end_calls();
        }
    }
}

/// Counts what the end of a context has to wait for: open sockets, and links that still send.
#[derive(Debug, Default)]
pub(crate) struct Live {
    sockets: AtomicUsize,
    count: Mutex<usize>,
    quiet: Condvar,
}

impl Live {
    pub(crate) fn enter(&self) {
        *lock(&self.count) += 1;
    }

    pub(crate) fn leave(&self) {
        let mut count = lock(&self.count);
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.quiet.notify_all();
        }
    }

    /// One more socket, unless there are `limit`.
    fn enter_socket(&self, limit: usize) -> bool {
        let room = |sockets| (sockets < limit).then_some(sockets + 1);
        let entered = self.sockets.fetch_update(Ordering::SeqCst, Ordering::SeqCst, room).is_ok();
        if entered {
            self.enter();
        }
        entered
    }

    pub(crate) fn leave_socket(&self) {
        self.sockets.fetch_sub(1, Ordering::SeqCst);
        self.leave();
    }

    fn wait_until_quiet(&self) {
        let mut count = lock(&self.count);
        while *count > 0 {
            count = self.quiet.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A random number for what peers must not guess. Without a source of randomness the clock and an address must do.
pub(crate) fn entropy() -> u64 {
    getrandom::u64().unwrap_or_else(|_| {
        let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        clock.as_nanos() as u64 ^ (&raw const clock as u64).rotate_left(32)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

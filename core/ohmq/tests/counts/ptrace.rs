//! Counts what a child does between its second and its third mark: the system calls of all its threads, or the
//! instructions of the thread that sets the marks.
//!
//! Stepping makes a thread a thousand times slower, so the engine's timers would fire in the middle of a message. The
//! child's other threads are therefore held from the first mark to the third: what is counted is the path of the
//! thread that sends or receives, and nothing depends on time.

use std::collections::{BTreeMap, HashSet};

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::roles::{MARK, stay_on_one_cpu};

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Tracing {
    Calls,
    Instructions,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Seen {
    /// Calls in which the marking thread waits until something happens.
    pub waits: u64,
    /// All other calls, waits of other threads among them.
    pub calls: u64,
    pub instructions: u64,
    /// Calls by name and thread, for whoever has to find out where they come from.
    pub names: BTreeMap<String, u64>,
}

/// Takes hold of `child`, calls `held`, and follows it to its end. Everything happens in the calling thread.
///
/// # Errors
///
/// `EPERM` from the first step where tracing is not allowed.
pub fn follow(child: Pid, tracing: Tracing, held: impl FnOnce()) -> nix::Result<Seen> {
    // A step is two switches between tracer and child; across CPUs it would be two wake-ups, ten times as long.
    stay_on_one_cpu();
    let options = Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_EXITKILL;
    ptrace::seize(child, options)?;
    ptrace::interrupt(child)?;
    held();
    let mut tracer = Tracer { child, tracing, marks: 0, held: HashSet::new(), seen: Seen::default() };
    loop {
        // Only what this thread traces: the children themselves belong to the thread that started them.
        let status = waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD))?;
        match status {
            WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..) if thread == child => {
                return Ok(tracer.seen);
            }
            status => tracer.on_stop(status)?,
        }
    }
}

struct Tracer {
    child: Pid,
    tracing: Tracing,
    marks: u32,
    held: HashSet<Pid>,
    seen: Seen,
}

impl Tracer {
    fn on_stop(&mut self, status: WaitStatus) -> nix::Result<()> {
        match status {
            WaitStatus::Stopped(thread, MARK) => self.on_mark(thread),
            WaitStatus::Stopped(thread, signal) => self.go_on(thread, Some(signal)),
            WaitStatus::PtraceSyscall(thread) => {
                if self.marks == 2 {
                    self.on_call(thread)?;
                }
                self.go_on(thread, None)
            }
            WaitStatus::PtraceEvent(thread, ..) => self.go_on(thread, None),
            _ => Ok(()),
        }
    }

    fn on_mark(&mut self, thread: Pid) -> nix::Result<()> {
        self.marks += 1;
        if self.tracing == Tracing::Instructions {
            match self.marks {
                1 => self.hold_others(thread)?,
                2 => {
                    self.seen.instructions = self.step_to_mark(thread)?;
                    self.marks += 1;
                    for other in std::mem::take(&mut self.held) {
                        self.go_on(other, None)?;
                    }
                }
                _ => {}
            }
        }
        self.go_on(thread, None)
    }

    fn go_on(&self, thread: Pid, signal: Option<Signal>) -> nix::Result<()> {
        let result = match self.tracing {
            Tracing::Calls => ptrace::syscall(thread, signal),
            Tracing::Instructions => ptrace::cont(thread, signal),
        };
        // A thread that was killed in the meantime has nowhere to go on to.
        if result == Err(Errno::ESRCH) { Ok(()) } else { result }
    }

    fn on_call(&mut self, thread: Pid) -> nix::Result<()> {
        let info = ptrace::syscall_info(thread)?;
        if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            return Ok(());
        }
        // SAFETY: the kernel filled in the member of the union that `op` names.
        let (number, arguments) = unsafe { (info.u.entry.nr as libc::c_long, info.u.entry.args) };
        let own = thread == self.child;
        let waits = is_wait(thread, number, arguments)?;
        if own && waits {
            self.seen.waits += 1;
        } else {
            self.seen.calls += 1;
        }
        let whose = if own { "" } else { " by another thread" };
        let what = if waits { " (wait)" } else { "" };
        *self.seen.names.entry(format!("{}{what}{whose}", name(number))).or_default() += 1;
        Ok(())
    }

    fn hold_others(&mut self, marker: Pid) -> nix::Result<()> {
        for thread in threads(self.child).into_iter().filter(|thread| *thread != marker) {
            ptrace::interrupt(thread)?;
            // Whatever it stops for, it is stopped.
            waitpid(thread, Some(WaitPidFlag::__WALL))?;
            self.held.insert(thread);
        }
        Ok(())
    }

    /// Lets a thread make one step after the other until it sets a mark; how many it made. If the process is killed meanwhile, the
    /// ends of its other threads have to be waited for as well, or it never ends.
    fn step_to_mark(&self, thread: Pid) -> nix::Result<u64> {
        let mut steps = 0;
        ptrace::step(thread, None)?;
        loop {
            let signal = match waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD))? {
                WaitStatus::Exited(ended, _) | WaitStatus::Signaled(ended, ..) if ended == self.child => {
                    return Err(Errno::ESRCH);
                }
                status if status.pid() != Some(thread) => {
                    self.on_other(status)?;
                    continue;
                }
                WaitStatus::Stopped(_, MARK) => return Ok(steps),
                WaitStatus::Stopped(_, Signal::SIGTRAP) => {
                    steps += 1;
                    None
                }
                WaitStatus::Stopped(_, other) => Some(other),
                _ => None,
            };
            ptrace::step(thread, signal)?;
        }
    }

    /// What happens to a thread while another makes its steps: a new one begins, or one ends.
    fn on_other(&self, status: WaitStatus) -> nix::Result<()> {
        match status {
            WaitStatus::Stopped(thread, signal) => self.go_on(thread, Some(signal)),
            WaitStatus::PtraceEvent(thread, ..) => self.go_on(thread, None),
            _ => Ok(()),
        }
    }
}

fn threads(process: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.map(Pid::from_raw).collect()
}

/// Whether a call sleeps until something happens. One that only looks, with no time to wait, is a call like others.
fn is_wait(thread: Pid, number: libc::c_long, arguments: [u64; 6]) -> nix::Result<bool> {
    Ok(match number {
        libc::SYS_epoll_pwait => arguments[3] as i32 != 0,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait | libc::SYS_poll => {
            arguments[if number == libc::SYS_poll { 2 } else { 3 }] as i32 != 0
        }
        libc::SYS_epoll_pwait2 => !is_zero_time(thread, arguments[3])?,
        libc::SYS_ppoll => !is_zero_time(thread, arguments[2])?,
        libc::SYS_futex => matches!(
            arguments[1] as i32 & !libc::FUTEX_PRIVATE_FLAG & !libc::FUTEX_CLOCK_REALTIME,
            libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET
        ),
        libc::SYS_clock_nanosleep | libc::SYS_nanosleep => true,
        _ => false,
    })
}

/// A null pointer is for ever.
fn is_zero_time(thread: Pid, address: u64) -> nix::Result<bool> {
    if address == 0 {
        return Ok(false);
    }
    let word = |offset: u64| ptrace::read(thread, (address + offset) as ptrace::AddressType);
    Ok(word(0)? == 0 && word(8)? == 0)
}

fn name(number: libc::c_long) -> String {
    let known = match number {
        libc::SYS_read => "read",
        libc::SYS_readv => "readv",
        libc::SYS_recvfrom => "recvfrom",
        libc::SYS_recvmsg => "recvmsg",
        libc::SYS_write => "write",
        libc::SYS_writev => "writev",
        libc::SYS_sendto => "sendto",
        libc::SYS_sendmsg => "sendmsg",
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait => "epoll_wait",
        libc::SYS_epoll_pwait => "epoll_pwait",
        libc::SYS_epoll_pwait2 => "epoll_pwait2",
        libc::SYS_epoll_ctl => "epoll_ctl",
        libc::SYS_futex => "futex",
        libc::SYS_timerfd_settime => "timerfd_settime",
        libc::SYS_ppoll => "ppoll",
        libc::SYS_sched_yield => "sched_yield",
        libc::SYS_madvise => "madvise",
        libc::SYS_mmap => "mmap",
        libc::SYS_munmap => "munmap",
        libc::SYS_brk => "brk",
        other => return format!("call {other}"),
    };
    known.to_string()
}

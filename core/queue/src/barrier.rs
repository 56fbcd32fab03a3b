//! A fence between two sides of which one runs all the time: that side pays nothing, the rare one pays for both.
//!
//! Linux's `membarrier` makes every running thread of the process execute a full fence, wherever it is just now; the
//! often-used side then needs only the program order of its two accesses. In the memory model both sides are sequentially
//! consistent fences, and where the system call is missing they are just that.

#[cfg(not(loom))]
use std::sync::atomic::compiler_fence;

use crate::sync::{Ordering, fence};

/// Which fence the two sides use. They must agree, so it is chosen once and kept beside what it protects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Barrier {
    /// The light side is free, the heavy side is a system call.
    #[cfg(not(loom))]
    Lopsided,
    /// Both sides execute the fence.
    Even,
}

impl Barrier {
    /// The best that this system offers.
    pub(crate) fn choose() -> Self {
        #[cfg(not(loom))]
        if system::is_offered() {
            return Barrier::Lopsided;
        }
        Barrier::Even
    }

    /// The side that runs all the time.
    #[inline(always)]
    pub(crate) fn light(self) {
        match self {
            #[cfg(not(loom))]
            Barrier::Lopsided => compiler_fence(Ordering::SeqCst),
            Barrier::Even => fence(Ordering::SeqCst),
        }
    }

    /// Whether the light side costs less than an atomic read-modify-write.
    pub(crate) fn is_light(self) -> bool {
        // loom's models try it with the even fences, which they understand; all threads of shuttle's are one to the system.
        !cfg!(shuttle) && (cfg!(loom) || self != Barrier::Even)
    }

    /// The rare side, where nothing else would do.
    pub(crate) fn heavy_for_certain(self) {
        if !self.heavy() {
            // What a thread has written is seen by the others after nanoseconds; this is for ever to a processor.
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// The rare side. `false`: the system refuses what it offered before, and there was no fence.
    #[cold]
    pub(crate) fn heavy(self) -> bool {
        match self {
            #[cfg(not(loom))]
            Barrier::Lopsided => system::fence_everybody(),
            Barrier::Even => {
                fence(Ordering::SeqCst);
                true
            }
        }
    }
}

#[cfg(all(target_os = "linux", not(any(loom, miri))))]
mod system {
    use std::sync::OnceLock;

    use rustix::thread::{MembarrierCommand, membarrier};

    /// Registers this process, the first time. Done before the first wait, since it may take milliseconds.
    pub(super) fn is_offered() -> bool {
        static OFFERED: OnceLock<bool> = OnceLock::new();
        *OFFERED.get_or_init(register)
    }

    pub(super) fn fence_everybody() -> bool {
        // A process that was restored from a checkpoint may have lost its registration. A forked child has not.
        fence() || (register() && fence())
    }

    fn register() -> bool {
        membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
    }

    fn fence() -> bool {
        membarrier(MembarrierCommand::PrivateExpedited).is_ok()
    }
}

#[cfg(all(not(loom), any(miri, not(target_os = "linux"))))]
mod system {
    pub(super) fn is_offered() -> bool {
        false
    }

    pub(super) fn fence_everybody() -> bool {
        false
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_not_refused() {
        let barrier = Barrier::choose();
        barrier.light();
        assert!(barrier.heavy(), "{barrier:?}");
        assert_eq!(barrier, Barrier::choose());
    }
}

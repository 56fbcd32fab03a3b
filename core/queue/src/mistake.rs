//! The mistakes that the model-checking tests plant in the engine one by one: a model that notices none proves nothing.

/// Writes the enumeration and, for each checker, the list of what its models have to notice.
macro_rules! mistakes {
    ($($checker:ident: $list:ident { $($(#[doc = $doc:literal])+ $name:ident,)+ })+) => {
        /// One line of the engine that is wrong, left out, or done too early or too late. Never so in a normal build.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Mistake {
            $($($(#[doc = $doc])+ $name,)+)+
        }

        $(
            #[doc = concat!("What the models under ", stringify!($checker), " have to notice.")]
            pub const $list: &[Mistake] = &[$(Mistake::$name,)+];
        )+
    };
}

mistakes! {
    loom: ORDERINGS {
        /// Queue: the producer's count is stored without ordering.
        PublishRelaxed,
        /// Queue: a chunk goes back to the producer without ordering.
        RecycleRelaxed,
        /// Queue: the end of the producer is stored without ordering.
        CloseRelaxed,
        /// Doorbell: the ringer looks for waiters without a fence after its change.
        RingWithoutFence,
        /// Doorbell: the waiter looks again without a fence after its announcement.
        RegisterWithoutFence,
        /// Parker: a wake orders nothing.
        WakeRelaxed,
        /// Parker: a wake leaves its notice and rouses nobody.
        WakeWithoutUnpark,
        /// Role: who finds it held goes away without a word.
        RoleForgetsRequest,
        /// Role: a request that seems to be there already is left to the one who made it.
        RoleRequestByLoad,
        /// Lock: acquired without ordering.
        LockAcquireRelaxed,
        /// Lock: released without ordering.
        LockReleaseRelaxed,
        /// Lock: a release looks for waiters without a fence.
        LockReleaseWithoutFence,
        /// Lock: a waiter looks again without a fence.
        LockWaitWithoutFence,
        /// Lock: a waiter announces itself after its second look.
        LockAnnouncesLate,
        /// Lock: a waiter does not look again.
        LockLooksOnce,
        /// Lock: a waiter sleeps though nobody is asked to wake it.
        LockSleepsUnasked,
        /// Lock: the woken one does not care for the other sleepers.
        LockForgetsOthers,
        /// Lock: the wish to be woken is taken back outside the mutex.
        LockClearsUnseen,
        /// Bias: the favourite looks whether it is still that without a fence.
        BiasEntersWithoutFence,
        /// Bias: who ends the favour looks for its user without a fence.
        BiasRevokesWithoutFence,
        /// Bias: the favourite does not look again.
        BiasLooksOnce,
        /// Bias: who ends the favour does not wait for its user.
        BiasDoesNotWait,
        /// Bias: the favourite leaves without ordering.
        BiasLeavesRelaxed,
        /// Bias: who ends the favour has waited for its user without ordering.
        BiasRevokesRelaxed,
        /// Wish: who makes it looks without a fence after that.
        WishMadeWithoutFence,
        /// Wish: who acts looks for it without a fence after that.
        WishSeenWithoutFence,
    }
    shuttle: STEPS {
        /// Writer: two threads may write at once.
        WriterNotAlone,
        /// Writer: what others queued during the write is not looked for.
        WriterLeavesAtOnce,
        /// Writer: the stream became writable during a write that was refused, and that is forgotten.
        WriterForgetsRetry,
        /// Writer: the turn is over with bytes left, and nobody is asked to go on.
        WriterTurnUnfinished,
        /// Stream: nobody is asked to write what its sender leaves behind.
        StreamUntended,
        /// Stream: it ends though a batch has not been written.
        TickForgetsBatch,
        /// Run: it goes on although another has had the lock.
        RunGoesOn,
        /// Run: it begins though nothing is gathered that a tick would see.
        RunUntended,
        /// Stream: a batch that a tick has seen counts again.
        TickTrustsOldGlimpse,
        /// Reader: two threads may read at once.
        ReaderNotAlone,
        /// Reader: an edge during another thread's read is forgotten.
        ReaderLosesEdge,
        /// Reader: a read that was cut off by its size passes for the last.
        ReaderForgetsCut,
        /// Reader: an edge that was not followed at once is forgotten, by who saw it and by whoever makes room.
        ReaderForgetsPause,
        /// Reader: the socket leaves something in the kernel and tells nobody.
        ReaderLeavesRest,
        /// Reader: a socket that found nothing still passes for one that will come for more.
        ReaderStaysAnnounced,
        /// Reader: a socket that is to be told of more passes for one that will come for it.
        ReaderRestsAnnounced,
        /// Reader: a socket that was told of more does not look for it.
        ReaderRestsOn,
        /// Lease: the leader leaves and nobody looks after the lease.
        LeaseUnguarded,
        /// Lease: the I/O thread forgets to whom the nest was lent.
        LeaseUnlisted,
        /// Lease: the I/O thread forgets a holder that sleeps.
        SleeperUnlisted,
        /// Lease: the guard counts as called until its round is over.
        GuardClearedLate,
        /// Lease: a leader that sleeps is not told of what another thread has left unread.
        RestUntold,
        /// Hand-over: the I/O thread does not watch the nest again.
        HandOverUnwatched,
        /// Hand-over: what the leader had not finished is left.
        HandOverUnread,
        /// Hand-over: the I/O thread finds the nest taken and does not come back.
        ServeGivesUp,
        /// Wait: the leader can be woken by the network only.
        LeaderUnannounced,
        /// Wait: a follower does not look again after its announcement.
        FollowerLooksOnce,
        /// Wait: an interrupt rings before it can be seen.
        InterruptRingsFirst,
        /// inproc: a sender without room asks to be told of room and does not look again.
        InprocRoomLooksOnce,
        /// inproc: a receiver asks to be told of messages and does not look again.
        InprocLooksOnce,
        /// inproc: a sender waits for room and does not ask to be told of it.
        InprocRoomUnwished,
        /// inproc: the receiver of a stream takes the last message without a look at who waits for room.
        InprocRunTakesLast,
        /// inproc: the sender of a run does not tell a receiver that wishes to be told.
        InprocRunTellsNobody,
        /// inproc: who sleeps does not ask to be told of messages of a pipe that was empty before.
        InprocForgetsPipe,
        /// inproc: a socket that looks by itself, and need not be told, does so while others sleep.
        InprocExpectsForOthers,
    }
}

/// Whether this mistake is made now.
#[cfg(not(any(loom, shuttle)))]
#[inline(always)]
pub const fn planted(_: Mistake) -> bool {
    false
}

// A checker runs all threads of a model as coroutines of one system thread, so a thread-local of std reaches them all
// and two tests do not disturb each other.
#[cfg(any(loom, shuttle))]
std::thread_local! {
    static PLANTED: std::cell::Cell<Option<Mistake>> = const { std::cell::Cell::new(None) };
}

/// Whether this mistake is made now.
#[cfg(any(loom, shuttle))]
pub fn planted(mistake: Mistake) -> bool {
    PLANTED.get() == Some(mistake)
}

/// Does one thing and then the other; the other way round where the mistake is made.
#[inline(always)]
pub fn in_order(mistake: Mistake, first: impl FnOnce(), second: impl FnOnce()) {
    if planted(mistake) {
        second();
        first();
    } else {
        first();
        second();
    }
}

/// Plants a mistake in the models that this system thread runs from now on.
#[cfg(any(loom, shuttle))]
pub fn plant(mistake: Option<Mistake>) {
    PLANTED.set(mistake);
}

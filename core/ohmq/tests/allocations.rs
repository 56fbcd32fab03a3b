//! A stream of small messages allocates nothing per message, on either side.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ohmq::{Context, SocketType};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is handed to the system's allocator unchanged; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System.alloc` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_stream_of_small_messages_allocates_nothing_per_message() {
    const COUNT: u64 = 20_000;
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    let push = context.socket(SocketType::Push).unwrap();
    push.connect(&pull.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    let body = [7u8; 55];
    let exchange = |count: u64| {
        std::thread::scope(|scope| {
            scope.spawn(|| (0..count).for_each(|_| push.send(&body[..]).unwrap()));
            for _ in 0..count {
                pull.recv_timeout(Some(Duration::from_secs(30))).unwrap();
            }
        });
    };
    exchange(COUNT);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    exchange(COUNT);
    let made = ALLOCATIONS.load(Ordering::Relaxed) - before;
    println!("{made} allocations for {COUNT} messages, both sides and the I/O thread together");
    assert!(made < COUNT / 20, "{made} allocations for {COUNT} messages");
}

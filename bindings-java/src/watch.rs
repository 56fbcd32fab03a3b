//! `io.ohmq.NativeSocket` and `io.ohmq.Dispatcher`: operations that wait without a thread.
//!
//! A watched socket has at most one receive and one send under way in the engine. When the engine can go on with one, it
//! rings the socket's [`Bell`], on whatever thread it runs, which only puts the socket's number into a queue. One thread of
//! Java takes numbers out of that queue and tries again. So no thread of the engine ever enters Java, and a message is
//! taken out of the engine only by a Java thread that has somebody to give it to.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use jni::objects::{JClass, JObject};
use jni::sys::{jboolean, jlong};
use jni::{Env, NativeMethod, native_method};
use ohmq::{RecvFuture, SendFuture};
use ohmq_ffi::handle::{self, Handle};

use crate::bytes;
use crate::trouble::{Answer, Throw};

const _: &[NativeMethod] = &[
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn watch_receive(handle: jlong) -> JObject,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn watch_send(handle: jlong, body: JObject) -> jboolean,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn watch_send_again(handle: jlong) -> jboolean,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn give_up_send(handle: jlong),
    },
    native_method! {
        java_type = "io.ohmq.Dispatcher", error_policy = Throw,
        static extern fn next_rung() -> jlong,
    },
];

/// Receives; null means that the bell will ring when it is worth another try.
fn watch_receive<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
) -> Answer<JObject<'local>> {
    let socket = handle::socket(handle as u64, "receive")?;
    let watch = watch(handle as u64);
    let mut watch = lock(&watch);
    watch.receive.get_or_insert_with(|| socket.recv_async());
    match watch.poll_receive() {
        Poll::Ready(received) => bytes::body(env, &received?),
        Poll::Pending => Ok(JObject::null()),
    }
}

/// Sends; false means that the message is kept here until the bell rings, to be tried again.
fn watch_send<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    body: JObject<'local>,
) -> Answer<jboolean> {
    let socket = handle::socket(handle as u64, "send")?;
    let message = bytes::message(env, body)?;
    let watch = watch(handle as u64);
    let mut watch = lock(&watch);
    watch.send = Some(socket.send_async(message));
    watch.poll_send()
}

/// Tries the message of [`watch_send`] again.
fn watch_send_again<'local>(_: &mut Env<'local>, _: JObject<'local>, handle: jlong) -> Answer<jboolean> {
    handle::socket(handle as u64, "send")?;
    lock(&watch(handle as u64)).poll_send()
}

/// Forgets the message of [`watch_send`]: it was not sent and will not be.
fn give_up_send<'local>(_: &mut Env<'local>, _: JObject<'local>, handle: jlong) -> Answer<()> {
    let watch = lock(&WATCHES).get(&(handle as u64)).map(Arc::clone);
    if let Some(watch) = watch {
        lock(&watch).send = None;
    }
    Ok(())
}

/// Waits for the next socket whose bell rang.
fn next_rung<'local>(_: &mut Env<'local>, _: JClass<'local>) -> Answer<jlong> {
    let mut rung = lock(&RUNG.numbers);
    loop {
        match rung.pop_front() {
            Some(number) => return Ok(number as jlong),
            None => rung = RUNG.news.wait(rung).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// Ends everything that waits on a socket without a thread.
pub(crate) fn forget(handle: Handle) {
    // Outside the lock: dropping futures runs code of the engine.
    let watch = lock(&WATCHES).remove(&handle);
    drop(watch);
}

static WATCHES: LazyLock<Mutex<HashMap<Handle, Arc<Mutex<Watch>>>>> = LazyLock::new(Mutex::default);

static RUNG: Rung = Rung { numbers: Mutex::new(VecDeque::new()), news: Condvar::new() };

/// What waits on one socket.
struct Watch {
    bell: Arc<Bell>,
    waker: Waker,
    receive: Option<RecvFuture>,
    send: Option<SendFuture>,
}

impl Watch {
    fn new(handle: Handle) -> Self {
        let bell = Arc::new(Bell { handle, rung: AtomicBool::new(false) });
        Watch { waker: Waker::from(Arc::clone(&bell)), bell, receive: None, send: None }
    }

    fn poll_receive(&mut self) -> Poll<ohmq::Result<ohmq::Message>> {
        self.bell.answered();
        let Some(receive) = &mut self.receive else { return Poll::Pending };
        let received = Pin::new(receive).poll(&mut Context::from_waker(&self.waker));
        if received.is_ready() {
            self.receive = None;
        }
        received
    }

    fn poll_send(&mut self) -> Answer<jboolean> {
        self.bell.answered();
        let Some(send) = &mut self.send else { return Ok(true) };
        match Pin::new(send).poll(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => Ok(false),
            Poll::Ready(sent) => {
                self.send = None;
                sent.map(|()| true).map_err(|refused| refused.error.into())
            }
        }
    }
}

/// Puts its socket's number into the queue, once until it was answered.
struct Bell {
    handle: Handle,
    rung: AtomicBool,
}

impl Bell {
    /// From now on it rings again. Called before a try, so a change after the try is not missed.
    fn answered(&self) {
        self.rung.store(false, Ordering::SeqCst);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            RUNG.push(self.handle);
        }
    }
}

/// The numbers of the sockets whose bells rang.
struct Rung {
    numbers: Mutex<VecDeque<Handle>>,
    news: Condvar,
}

impl Rung {
    fn push(&self, number: Handle) {
        lock(&self.numbers).push_back(number);
        self.news.notify_one();
    }
}

fn watch(handle: Handle) -> Arc<Mutex<Watch>> {
    let mut watches = lock(&WATCHES);
    Arc::clone(watches.entry(handle).or_insert_with(|| Arc::new(Mutex::new(Watch::new(handle)))))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

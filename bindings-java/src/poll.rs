//! `io.ohmq.NativePoll`: waiting for several sockets at once.

use jni::objects::{JClass, JIntArray, JLongArray};
use jni::sys::{jint, jlong};
use jni::{Env, NativeMethod, native_method};
use ohmq::{Events, Poller};
use ohmq_ffi::handle;

use crate::transfer::limit;
use crate::trouble::{Answer, Throw};

const _: &[NativeMethod] = &[native_method! {
    java_type = "io.ohmq.NativePoll", error_policy = Throw,
    static extern fn wait_for(sockets: jlong[], events: jint[], ready: jint[], timeout: jlong, mark: jlong) -> jint,
}];

/// Puts what each socket is ready for into `ready`, and says how many are ready. `EINTR` when one was interrupted, the
/// first one at any time since `mark`.
fn wait_for<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
    sockets: JLongArray<'local>,
    events: JIntArray<'local>,
    ready: JIntArray<'local>,
    timeout: jlong,
    mark: jlong,
) -> Answer<jint> {
    let mut handles = vec![0; sockets.len(env)?];
    sockets.get_region(env, 0, &mut handles)?;
    let mut wanted = vec![0; handles.len()];
    events.get_region(env, 0, &mut wanted)?;

    let mut poller = Poller::new();
    let mut first = None;
    for (key, (handle, wanted)) in handles.iter().zip(&wanted).enumerate() {
        let socket = handle::socket(*handle as u64, "poll")?;
        poller.add(&socket, Events::from_bits(*wanted as u32), key);
        first.get_or_insert(socket);
    }
    let mut found: Vec<jint> = vec![0; handles.len()];
    let all = match &first {
        Some(first) => poller.wait_since(first, (mark as u64).into(), limit(timeout))?,
        None => poller.wait(limit(timeout))?,
    };
    for (key, events) in &all {
        if let Some(place) = found.get_mut(*key) {
            *place = events.bits() as jint;
        }
    }
    ready.set_region(env, 0, &found)?;
    Ok(all.len() as jint)
}

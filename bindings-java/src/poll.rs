//! `io.ohmq.NativePoll`: waiting for several sockets at once.

use std::collections::BTreeMap;

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

/// Puts what each socket is ready for into `ready`, and says how many are ready. A socket may be there several times, each
/// time for other events. `EINTR` when one was interrupted, the first one at any time since `mark`.
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

    // The engine's poller knows each socket once: under its first place, for what all its places want.
    let mut sockets = BTreeMap::new();
    for (at, (handle, wanted)) in handles.iter().zip(&wanted).enumerate() {
        sockets.entry(*handle).or_insert((at, 0)).1 |= *wanted as u32;
    }
    let mut poller = Poller::new();
    for (handle, (at, wanted)) in &sockets {
        poller.add(&handle::socket(*handle as u64, "poll")?, Events::from_bits(*wanted), *at);
    }
    let found: BTreeMap<usize, Events> = match handles.first() {
        Some(first) => {
            let first = handle::socket(*first as u64, "poll")?;
            poller.wait_since(&first, (mark as u64).into(), limit(timeout))?
        }
        None => poller.wait(limit(timeout))?,
    }
    .into_iter()
    .collect();
    let answer = handles.iter().zip(&wanted).map(|(handle, wanted)| {
        let events = sockets.get(handle).and_then(|(at, _)| found.get(at));
        events.map_or(0, |events| events.bits() as jint & wanted)
    });
    let answer: Vec<jint> = answer.collect();
    ready.set_region(env, 0, &answer)?;
    Ok(answer.iter().filter(|events| **events != 0).count() as jint)
}

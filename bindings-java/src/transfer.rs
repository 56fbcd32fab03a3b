//! `io.ohmq.NativeSocket`: sending and receiving, one message or many in one crossing.
//!
//! A time limit is in milliseconds: 0 does not wait, −1 waits for ever. A call that would have to wait longer answers
//! false or null; Java makes an exception of that where its caller wants one.
//! An interrupt of the socket since `mark` ends a wait with `EINTR`.

use std::time::Duration;

use jni::objects::{JByteArray, JObject, JObjectArray};
use jni::sys::{jboolean, jint, jlong};
use jni::{Env, NativeMethod, native_method};
use ohmq::{ErrorCode, Message, Socket};
use ohmq_ffi::handle;

use crate::bytes::{self, JFrames};
use crate::trouble::{Answer, Throw};

const _: &[NativeMethod] = &[
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn send_frame(handle: jlong, bytes: jbyte[], timeout: jlong, mark: jlong) -> jboolean,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn send_frames(handle: jlong, frames: jbyte[][], timeout: jlong, mark: jlong) -> jboolean,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn send_many(handle: jlong, bodies: java.lang.Object[]) -> jint,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn receive(handle: jlong, timeout: jlong, mark: jlong) -> JObject,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn receive_many(handle: jlong, max: jint) -> java.lang.Object[],
    },
];

fn send_frame<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    bytes: JByteArray<'local>,
    timeout: jlong,
    mark: jlong,
) -> Answer<jboolean> {
    let socket = handle::socket(handle as u64, "send")?;
    send(&socket, bytes::single(env, &bytes)?, timeout, mark)
}

fn send_frames<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    frames: JFrames<'local>,
    timeout: jlong,
    mark: jlong,
) -> Answer<jboolean> {
    let socket = handle::socket(handle as u64, "send")?;
    send(&socket, bytes::multipart(env, &frames)?, timeout, mark)
}

fn send(socket: &Socket, message: Message, timeout: jlong, mark: jlong) -> Answer<jboolean> {
    let sent = match timeout {
        0 => socket.try_send(message),
        _ => socket.send_since((mark as u64).into(), message, limit(timeout)),
    };
    match sent {
        Ok(()) => Ok(true),
        Err(refused) if refused.error.code() == ErrorCode::Eagain => Ok(false),
        Err(refused) => Err(refused.error.into()),
    }
}

/// How many were sent. A failure other than `EAGAIN` is thrown only for the first; the next call meets it again.
fn send_many<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    bodies: JObjectArray<'local, JObject<'local>>,
) -> Answer<jint> {
    let socket = handle::socket(handle as u64, "send")?;
    let count = bodies.len(env)?;
    for at in 0..count {
        let body = bodies.get_element(env, at)?;
        let message = bytes::message(env, body)?;
        match socket.try_send(message) {
            Ok(()) => {}
            Err(refused) if refused.error.code() == ErrorCode::Eagain || at > 0 => return Ok(at as jint),
            Err(refused) => return Err(refused.error.into()),
        }
    }
    Ok(count as jint)
}

fn receive<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    timeout: jlong,
    mark: jlong,
) -> Answer<JObject<'local>> {
    let socket = handle::socket(handle as u64, "receive")?;
    let received = match timeout {
        0 => socket.try_recv(),
        _ => socket.recv_since((mark as u64).into(), limit(timeout)),
    };
    match received {
        Ok(message) => bytes::body(env, &message),
        Err(error) if error.code() == ErrorCode::Eagain => Ok(JObject::null()),
        Err(error) => Err(error.into()),
    }
}

/// The bodies of the messages that are here now, at most `max`.
fn receive_many<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    max: jint,
) -> Answer<JObjectArray<'local, JObject<'local>>> {
    let messages = ohmq_ffi::recv_many(handle as u64, usize::try_from(max).unwrap_or(0))?;
    let bodies = JObjectArray::<JObject>::new(env, messages.len(), JObject::null())?;
    for (at, message) in messages.iter().enumerate() {
        let body = bytes::body(env, message)?;
        bodies.set_element(env, at, &body)?;
        env.delete_local_ref(body);
    }
    Ok(bodies)
}

/// Milliseconds as the engine wants them; negative is for ever.
pub(crate) fn limit(timeout: jlong) -> Option<Duration> {
    u64::try_from(timeout).ok().map(Duration::from_millis)
}

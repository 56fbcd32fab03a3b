//! Messages on their way into Java's arrays and out of them: one copy each way, and never a pinned array.

use jni::Env;
use jni::objects::{JByteArray, JObject, JObjectArray};
use ohmq::{ErrorCode, Frame, Message};
use ohmq_ffi::Failure;

use crate::trouble::{Answer, Trouble};

/// `byte[][]`.
pub(crate) type JFrames<'local> = JObjectArray<'local, JByteArray<'local>>;

/// Frames up to this length are copied by way of the stack; the engine keeps them inside the message.
const SMALL: usize = 55;

/// A message of one frame.
pub(crate) fn single(env: &Env<'_>, bytes: &JByteArray<'_>) -> Answer<Message> {
    Ok(Message::from(frame(env, bytes)?))
}

/// A message of the frames of a `byte[][]`.
pub(crate) fn multipart<'local>(env: &mut Env<'local>, frames: &JFrames<'local>) -> Answer<Message> {
    let count = frames.len(env)?;
    if count == 0 {
        return Err(Failure::new(ErrorCode::Einval, "send", "message", "it has no frames").into());
    }
    let mut all = Vec::with_capacity(count);
    for at in 0..count {
        let bytes = frames.get_element(env, at)?;
        all.push(frame(env, &bytes)?);
        env.delete_local_ref(bytes);
    }
    Ok(Message::from_frames(all))
}

/// A message out of what Java's `Message` keeps: a `byte[]` or a `byte[][]`.
pub(crate) fn message<'local>(env: &mut Env<'local>, body: JObject<'local>) -> Answer<Message> {
    let one = match env.as_cast::<JByteArray>(&body) {
        Ok(bytes) => Some(single(env, &bytes)),
        Err(jni::errors::Error::WrongObjectType) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(message) = one {
        env.delete_local_ref(body);
        return message;
    }
    let frames = env.cast_local::<JFrames>(body)?;
    let message = multipart(env, &frames);
    env.delete_local_ref(frames);
    message
}

/// A message as Java's `Message` keeps it: a `byte[]`, or a `byte[][]` when it has several frames.
pub(crate) fn body<'local>(env: &mut Env<'local>, message: &Message) -> Answer<JObject<'local>> {
    if !message.is_multipart() {
        return Ok(array(env, message.bytes())?.into());
    }
    let frames = JFrames::new(env, message.frame_count(), JByteArray::null())?;
    for (at, frame) in message.frames().iter().enumerate() {
        let bytes = array(env, frame)?;
        frames.set_element(env, at, &bytes)?;
        env.delete_local_ref(bytes);
    }
    Ok(frames.into())
}

/// Bytes as a `byte[]`.
pub(crate) fn array<'local>(env: &mut Env<'local>, bytes: &[u8]) -> Answer<JByteArray<'local>> {
    Ok(env.byte_array_from_slice(bytes)?)
}

/// A `byte[]` as bytes.
pub(crate) fn vector(env: &Env<'_>, bytes: &JByteArray<'_>) -> Answer<Vec<u8>> {
    let mut copy = vec![0_u8; length(env, bytes)?];
    read(env, bytes, &mut copy)?;
    Ok(copy)
}

fn frame(env: &Env<'_>, bytes: &JByteArray<'_>) -> Answer<Frame> {
    let length = length(env, bytes)?;
    let mut small = [0_u8; SMALL];
    match small.get_mut(..length) {
        Some(copy) => {
            read(env, bytes, copy)?;
            Ok(Frame::copy_from_slice(copy))
        }
        None => {
            let mut copy = vec![0_u8; length];
            read(env, bytes, &mut copy)?;
            Ok(Frame::from(copy))
        }
    }
}

fn length(env: &Env<'_>, bytes: &JByteArray<'_>) -> Answer<usize> {
    if jni::refs::Reference::is_null(bytes) {
        return Err(Failure::new(ErrorCode::Einval, "send", "message", "a frame is null").into());
    }
    bytes.len(env).map_err(Trouble::from)
}

fn read(env: &Env<'_>, bytes: &JByteArray<'_>, copy: &mut [u8]) -> Answer<()> {
    // SAFETY: `i8` and `u8` have the same layout and every bit pattern is valid for both; the borrow is exclusive.
    let signed = unsafe { std::slice::from_raw_parts_mut(copy.as_mut_ptr().cast::<i8>(), copy.len()) };
    bytes.get_region(env, 0, signed).map_err(Trouble::from)
}

//! Messages on their way in and out: one copy each.

use std::ptr;

use napi::bindgen_prelude::{Array, Either};
use napi::{Env, Status, sys};
use ohmq::{Frame, Message};

/// A part as JavaScript gives it; everything else was made one of these in TypeScript.
pub(crate) type GivenPart<'a> = Either<&'a [u8], String>;

/// A message of one part.
pub(crate) fn single(part: GivenPart<'_>) -> Message {
    Message::from(frame(part))
}

/// A message of these parts.
pub(crate) fn multipart(parts: Vec<GivenPart<'_>>) -> Message {
    Message::from_frames(parts.into_iter().map(frame))
}

/// The parts of a message as an array of buffers.
pub(crate) fn buffers<'env>(env: &'env Env, message: Message) -> napi::Result<Array<'env>> {
    let mut parts = env.create_array(message.frame_count() as u32)?;
    for (index, frame) in message.frames().iter().enumerate() {
        set(env, &mut parts, index, buffer(env, frame)?)?;
    }
    Ok(parts)
}

fn frame(part: GivenPart<'_>) -> Frame {
    match part {
        Either::A(bytes) => bytes.into(),
        Either::B(text) => text.into(),
    }
}

/// A new `Buffer` with these bytes. A copy, since JavaScript may write into it and the engine's bytes may be shared.
fn buffer(env: &Env, bytes: &[u8]) -> napi::Result<sys::napi_value> {
    let mut value = ptr::null_mut();
    // SAFETY: `env` is the live environment of this call, and the bytes are read before the function returns.
    let status = unsafe {
        sys::napi_create_buffer_copy(
            env.raw(),
            bytes.len(),
            bytes.as_ptr().cast(),
            ptr::null_mut(),
            &mut value,
        )
    };
    checked(status).map(|()| value)
}

/// `Array::set` for a value that is one already.
fn set(env: &Env, array: &mut Array<'_>, index: usize, value: sys::napi_value) -> napi::Result<()> {
    use napi::JsValue;
    // SAFETY: both values belong to the open handle scope of this call in this environment.
    checked(unsafe { sys::napi_set_element(env.raw(), array.raw(), index as u32, value) })
}

fn checked(status: sys::napi_status) -> napi::Result<()> {
    if status == sys::Status::napi_ok { Ok(()) } else { Err(napi::Error::from_status(Status::from(status))) }
}

//! `io.ohmq.NativeSocket`: options by their numbers.

use jni::objects::{JByteArray, JLongArray, JObject, JString};
use jni::sys::{jint, jlong};
use jni::{Env, NativeMethod, native_method};
use ohmq::OptionValue;

use crate::bytes;
use crate::socket::text;
use crate::trouble::{Answer, Throw};

const _: &[NativeMethod] = &[
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn set_number(handle: jlong, option: jint, value: jlong),
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn set_bytes(handle: jlong, option: jint, value: jbyte[]),
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn set_text(handle: jlong, option: jint, value: JString),
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn get(handle: jlong, option: jint, number: jlong[]) -> JObject,
    },
];

fn set_number<'local>(
    _: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    option: jint,
    value: jlong,
) -> Answer<()> {
    Ok(ohmq_ffi::set(handle as u64, option, OptionValue::Int64(value))?)
}

fn set_bytes<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    option: jint,
    value: JByteArray<'local>,
) -> Answer<()> {
    Ok(ohmq_ffi::set(handle as u64, option, OptionValue::Bytes(bytes::vector(env, &value)?))?)
}

fn set_text<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    option: jint,
    value: JString<'local>,
) -> Answer<()> {
    Ok(ohmq_ffi::set(handle as u64, option, OptionValue::Text(text(env, &value, "set")?))?)
}

/// Bytes and text are returned; a number is put into `number`, and after it 0 for a switch, 1 for an int, 2 for a long.
fn get<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    option: jint,
    number: JLongArray<'local>,
) -> Answer<JObject<'local>> {
    let value = ohmq_ffi::get(handle as u64, option)?;
    let pair = match value {
        OptionValue::Bytes(value) => return Ok(bytes::array(env, &value)?.into()),
        OptionValue::Text(value) => return Ok(JString::from_str(env, value)?.into()),
        OptionValue::Bool(value) => [jlong::from(value), 0],
        OptionValue::Int(value) => [jlong::from(value), 1],
        OptionValue::Int64(value) => [value, 2],
        OptionValue::Uint64(value) => [value as jlong, 2],
    };
    number.set_region(env, 0, &pair)?;
    Ok(JObject::null())
}

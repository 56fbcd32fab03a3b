//! `io.ohmq.NativeContext` and `io.ohmq.Library`: contexts, and the version of the library.

use jni::objects::{JClass, JObject, JString};
use jni::sys::{jint, jlong};
use jni::{Env, NativeMethod, native_method};

use crate::trouble::{Answer, Throw};

const _: &[NativeMethod] = &[
    native_method! {
        java_type = "io.ohmq.Library", error_policy = Throw,
        static extern fn version() -> JString,
    },
    native_method! {
        java_type = "io.ohmq.NativeContext", error_policy = Throw,
        static extern fn open() -> jlong,
    },
    native_method! {
        java_type = "io.ohmq.NativeContext", error_policy = Throw,
        static extern fn forget(handle: jlong),
    },
    native_method! {
        java_type = "io.ohmq.NativeContext", error_policy = Throw,
        extern fn set(handle: jlong, option: jint, value: jint),
    },
    native_method! {
        java_type = "io.ohmq.NativeContext", error_policy = Throw,
        extern fn get(handle: jlong, option: jint) -> jint,
    },
    native_method! {
        java_type = "io.ohmq.NativeContext", error_policy = Throw,
        extern fn shutdown(handle: jlong),
    },
    native_method! {
        java_type = "io.ohmq.NativeContext", error_policy = Throw,
        extern fn term(handle: jlong),
    },
    native_method! {
        java_type = "io.ohmq.NativeContext", error_policy = Throw,
        extern fn socket(handle: jlong, kind: jint) -> jlong,
    },
];

fn version<'local>(env: &mut Env<'local>, _: JClass<'local>) -> Answer<JString<'local>> {
    let (major, minor, patch) = ohmq_ffi::version();
    Ok(JString::from_str(env, format!("{major}.{minor}.{patch}"))?)
}

fn open<'local>(_: &mut Env<'local>, _: JClass<'local>) -> Answer<jlong> {
    Ok(ohmq_ffi::context_new() as jlong)
}

fn forget<'local>(_: &mut Env<'local>, _: JClass<'local>, handle: jlong) -> Answer<()> {
    ohmq_ffi::context_forget(handle as u64);
    Ok(())
}

fn set<'local>(
    _: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    option: jint,
    value: jint,
) -> Answer<()> {
    Ok(ohmq_ffi::context_set(handle as u64, option, value)?)
}

fn get<'local>(_: &mut Env<'local>, _: JObject<'local>, handle: jlong, option: jint) -> Answer<jint> {
    Ok(ohmq_ffi::context_get(handle as u64, option)?)
}

fn shutdown<'local>(_: &mut Env<'local>, _: JObject<'local>, handle: jlong) -> Answer<()> {
    Ok(ohmq_ffi::context_shutdown(handle as u64)?)
}

fn term<'local>(_: &mut Env<'local>, _: JObject<'local>, handle: jlong) -> Answer<()> {
    Ok(ohmq_ffi::context_term(handle as u64)?)
}

fn socket<'local>(_: &mut Env<'local>, _: JObject<'local>, handle: jlong, kind: jint) -> Answer<jlong> {
    Ok(ohmq_ffi::socket_new(handle as u64, kind)? as jlong)
}

//! `io.ohmq.NativeSocket`: endpoints, statistics and the end of a socket.

use jni::objects::{JClass, JLongArray, JObject, JObjectArray, JString};
use jni::sys::{jint, jlong};
use jni::{Env, NativeMethod, native_method};
use ohmq::{ErrorCode, Stats};
use ohmq_ffi::Failure;

use crate::trouble::{Answer, Throw};

const _: &[NativeMethod] = &[
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        static extern fn close(handle: jlong),
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        static extern fn statistics_names() -> java.lang.String[],
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn bind(handle: jlong, endpoint: JString) -> JString,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn connect(handle: jlong, endpoint: JString),
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn unbind(handle: jlong, endpoint: JString),
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn disconnect(handle: jlong, endpoint: JString),
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn events(handle: jlong) -> jint,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn interrupt(handle: jlong),
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn mark(handle: jlong) -> jlong,
    },
    native_method! {
        java_type = "io.ohmq.NativeSocket", error_policy = Throw,
        extern fn statistics(handle: jlong) -> jlong[],
    },
];

fn close<'local>(_: &mut Env<'local>, _: JClass<'local>, handle: jlong) -> Answer<()> {
    ohmq_ffi::socket_close(handle as u64);
    crate::watch::forget(handle as u64);
    Ok(())
}

fn bind<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    endpoint: JString<'local>,
) -> Answer<JString<'local>> {
    let bound = ohmq_ffi::bind(handle as u64, &text(env, &endpoint, "bind")?)?;
    Ok(JString::from_str(env, bound)?)
}

fn connect<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    endpoint: JString<'local>,
) -> Answer<()> {
    Ok(ohmq_ffi::connect(handle as u64, &text(env, &endpoint, "connect")?)?)
}

fn unbind<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    endpoint: JString<'local>,
) -> Answer<()> {
    Ok(ohmq_ffi::unbind(handle as u64, &text(env, &endpoint, "unbind")?)?)
}

fn disconnect<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
    endpoint: JString<'local>,
) -> Answer<()> {
    Ok(ohmq_ffi::disconnect(handle as u64, &text(env, &endpoint, "disconnect")?)?)
}

fn events<'local>(_: &mut Env<'local>, _: JObject<'local>, handle: jlong) -> Answer<jint> {
    Ok(ohmq_ffi::events(handle as u64)? as jint)
}

fn interrupt<'local>(_: &mut Env<'local>, _: JObject<'local>, handle: jlong) -> Answer<()> {
    ohmq_ffi::interrupt(handle as u64);
    Ok(())
}

fn mark<'local>(_: &mut Env<'local>, _: JObject<'local>, handle: jlong) -> Answer<jlong> {
    Ok(ohmq_ffi::mark(handle as u64) as jlong)
}

fn statistics<'local>(
    env: &mut Env<'local>,
    _: JObject<'local>,
    handle: jlong,
) -> Answer<JLongArray<'local>> {
    let values: Vec<jlong> =
        ohmq_ffi::stats(handle as u64)?.into_iter().map(|(_, value)| value as jlong).collect();
    let array = JLongArray::new(env, values.len())?;
    array.set_region(env, 0, &values)?;
    Ok(array)
}

fn statistics_names<'local>(
    env: &mut Env<'local>,
    _: JClass<'local>,
) -> Answer<JObjectArray<'local, JString<'local>>> {
    let fields = Stats::default().fields();
    let names = JObjectArray::<JString>::new(env, fields.len(), JString::null())?;
    for (at, (name, _)) in fields.iter().enumerate() {
        let name = JString::from_str(env, name)?;
        names.set_element(env, at, &name)?;
        env.delete_local_ref(name);
    }
    Ok(names)
}

/// A text that Java gave; null is an error as clear as any other.
pub(crate) fn text(env: &Env<'_>, text: &JString<'_>, operation: &'static str) -> Answer<String> {
    if jni::refs::Reference::is_null(text) {
        return Err(Failure::new(ErrorCode::Einval, operation, "null", "a text is needed").into());
    }
    Ok(text.try_to_string(env)?)
}

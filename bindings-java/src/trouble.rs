//! How a native method fails: every error, and every panic, becomes a `ZMQException`.

use std::any::Any;

use jni::errors::{Error, ErrorPolicy, JniError};
use jni::objects::{JObject, JString, JThrowable};
use jni::{Env, jni_sig, jni_str};
use ohmq::ErrorCode;
use ohmq_ffi::Failure;

/// What a native method returns.
pub(crate) type Answer<T> = Result<T, Trouble>;

/// Why a native method failed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A failed call of the engine.
    Failure(Box<Failure>),
    /// A failed call of the virtual machine. An exception of Java may be pending.
    Java(Error),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Trouble::Failure(Box::new(failure))
    }
}

impl From<ohmq::Error> for Trouble {
    fn from(error: ohmq::Error) -> Self {
        Failure::from(error).into()
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Java(error)
    }
}

/// Throws `ZMQException`s. An exception that Java itself raised inside the call stays, and a lack of Java's memory, of which
/// `jni` only reports, is an `OutOfMemoryError` again.
pub(crate) struct Throw;

impl<T: Default> ErrorPolicy<T, Trouble> for Throw {
    type Captures<'unowned: 'method, 'method> = ();

    fn on_error<'unowned: 'method, 'method>(
        env: &mut Env<'unowned>,
        _captures: &mut (),
        trouble: Trouble,
    ) -> jni::errors::Result<T> {
        if !env.exception_check() {
            match trouble {
                Trouble::Failure(failure) => throw(env, &failure)?,
                Trouble::Java(Error::JniCall(JniError::NoMemory)) => out_of_memory(env)?,
                Trouble::Java(error) => throw(env, &internal(&error.to_string()))?,
            }
        }
        Ok(T::default())
    }

    fn on_panic<'unowned: 'method, 'method>(
        env: &mut Env<'unowned>,
        _captures: &mut (),
        payload: Box<dyn Any + Send + 'static>,
    ) -> jni::errors::Result<T> {
        if !env.exception_check() {
            let text = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned());
            throw(env, &internal(&text.unwrap_or_default()))?;
        }
        Ok(T::default())
    }
}

fn internal(detail: &str) -> Failure {
    Failure::new(ErrorCode::Efault, "call", "internal error", detail)
}

/// Lets Java make the exception of the right class. The class is found by the loader of the class that called us.
fn throw(env: &mut Env<'_>, failure: &Failure) -> jni::errors::Result<()> {
    let class = env.find_class(jni_str!("io/ohmq/ZMQException"))?;
    let message = JString::from_str(env, &failure.message)?;
    let operation = JString::from_str(env, failure.operation)?;
    let subject = JString::from_str(env, &failure.subject)?;
    let made: JObject = env
        .call_static_method(
            class,
            jni_str!("of"),
            jni_sig!("(ILjava/lang/String;Ljava/lang/String;Ljava/lang/String;)Lio/ohmq/ZMQException;"),
            &[failure.errno.into(), (&message).into(), (&operation).into(), (&subject).into()],
        )?
        .l()?;
    let exception = env.cast_local::<JThrowable>(made)?;
    thrown(env.throw(exception))
}

fn out_of_memory(env: &mut Env<'_>) -> jni::errors::Result<()> {
    let class = jni_str!("java/lang/OutOfMemoryError");
    thrown(env.throw_new(class, jni_str!("no room for what the native library returns")))
}

/// What was thrown is what should be: no failure.
fn thrown(result: jni::errors::Result<()>) -> jni::errors::Result<()> {
    match result {
        Err(Error::JavaException) | Ok(()) => Ok(()),
        Err(error) => Err(error),
    }
}

//! Option values on their way in and out.

use napi::Env;
use napi::bindgen_prelude::{BigInt, BufferSlice, Either4, Either5};
use ohmq::OptionValue;

/// What JavaScript may give as the value of an option.
pub(crate) type GivenValue<'a> = Either5<bool, f64, BigInt, String, &'a [u8]>;

/// What JavaScript gets as the value of an option.
pub(crate) type ShownValue<'a> = Either4<bool, f64, String, BufferSlice<'a>>;

/// The value for the engine, which checks it against the option's row. Numbers are whole and have 64 bits at most: socket.ts
/// refuses others.
pub(crate) fn given(value: GivenValue<'_>) -> OptionValue {
    match value {
        Either5::A(switch) => switch.into(),
        Either5::B(number) => integer(number),
        Either5::C(big) => big.get_i64().0.into(),
        Either5::D(text) => text.into(),
        Either5::E(bytes) => bytes.into(),
    }
}

/// The value for JavaScript. All numbers of the engine's options fit a double.
pub(crate) fn shown<'env>(env: &'env Env, value: OptionValue) -> napi::Result<ShownValue<'env>> {
    Ok(match value {
        OptionValue::Bool(switch) => Either4::A(switch),
        OptionValue::Int(number) => Either4::B(f64::from(number)),
        OptionValue::Int64(number) => Either4::B(number as f64),
        OptionValue::Uint64(number) => Either4::B(number as f64),
        OptionValue::Text(text) => Either4::C(text),
        OptionValue::Bytes(bytes) => Either4::D(BufferSlice::copy_from(env, bytes)?),
    })
}

fn integer(number: f64) -> OptionValue {
    // Casts saturate; what saturates is outside the limits of every option.
    let wide = number as i64;
    i32::try_from(wide).map_or(OptionValue::Int64(wide), OptionValue::Int)
}

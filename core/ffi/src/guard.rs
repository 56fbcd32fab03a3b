//! No panic crosses a language boundary.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ohmq::ErrorCode;

use crate::failure::{Failure, Outcome};

/// Runs a call; a panic inside it becomes a failure with `EFAULT` and the panic's text.
pub fn guard<T>(operation: &'static str, call: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(Failure::new(ErrorCode::Efault, operation, "internal error", &text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure() {
        let failure = guard::<()>("test", || panic!("boom {}", 7)).unwrap_err();
        assert_eq!(failure.name, "EFAULT");
        assert!(failure.message.contains("boom 7"));
    }
}

//! The flags of a single send or receive call.

use crate::named_value::NamedValueRow;

named_values! {
    /// Changes one send or receive call.
    Flag: "ZMQ_";

    /// Fails with `EAGAIN` instead of waiting.
    Dontwait = value(1, "ZMQ_DONTWAIT").aliases(&["NOBLOCK"]).implemented();
    /// Says that the message goes on in the next call; for the frame-by-frame C interface.
    Sndmore = value(2, "ZMQ_SNDMORE");
}

#[cfg(test)]
#[test]
fn rows_are_consistent() {
    crate::named_value::check(ROWS, 2);
}

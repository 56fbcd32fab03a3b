//! What a socket or a descriptor can be ready for.

use crate::named_value::NamedValueRow;

named_values! {
    /// What a socket or a descriptor can be ready for; the numbers can be added.
    PollEvent: "ZMQ_";

    /// A message can be received, or a descriptor read.
    Pollin = value(1, "ZMQ_POLLIN").implemented();
    /// A message can be sent, or a descriptor written.
    Pollout = value(2, "ZMQ_POLLOUT").implemented();
    /// A descriptor has an error; never for sockets.
    Pollerr = value(4, "ZMQ_POLLERR");
    /// A descriptor has urgent data; never for sockets.
    Pollpri = value(8, "ZMQ_POLLPRI");
}

#[cfg(test)]
#[test]
fn rows_are_consistent() {
    crate::named_value::check(ROWS, 4);
}

//! The short form of what REQ and REP exchange: nearly always an empty delimiter and one body, which as a list of frames
//! would cost an allocation each time.
//!
//! On pipes whose [`Pattern`](crate::Pattern) says that it [`delimits`](crate::Pattern::delimits) a *folded* message stands
//! for what is on the wire: a body by itself for the delimiter and this body; a list of frames for itself, even if there is
//! only one.

use super::{Frame, Message};

/// Whether a folded message is a body by itself.
#[inline]
pub fn is_folded(message: &Message) -> bool {
    message.is_single()
}

/// Folds a message that is as it is on the wire.
pub fn fold(message: &mut Message) {
    if message.is_single() {
        *message = Message::listed(message.pop_front().unwrap_or_default());
    }
}

/// Makes a folded message what is on the wire.
pub fn unfold(message: &mut Message) {
    if message.is_single() {
        message.push_front(Frame::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_on_the_wire_comes_back() {
        for wire in
            [Message::new(), Message::from("x"), Message::from(["", "x"]), Message::from(["", "x", "y"])]
        {
            let mut message = wire.clone();
            fold(&mut message);
            assert!(!is_folded(&message), "{wire:?} is no body behind a delimiter, or is a list");
            unfold(&mut message);
            assert_eq!(message, wire);
        }
        let mut body = Message::from("x");
        assert!(is_folded(&body));
        unfold(&mut body);
        assert_eq!(body, Message::from(["", "x"]));
    }
}

//! The greeting: signature, revision, mechanism, and what a peer's first bytes say about its version.

use crate::error::ProtocolError;

use super::Version;

/// Bytes of the signature, the part every version but the oldest has.
pub(crate) const SIGNATURE: usize = 10;
/// Bytes of a 2.0 greeting: signature, revision, socket type.
pub(crate) const GREETING_2: usize = 12;
/// Bytes of a 3.x greeting.
pub(crate) const GREETING_3: usize = 64;

const REVISION: usize = 10;
const MINOR: usize = 11;
const MECHANISM: std::ops::Range<usize> = 12..32;

/// The mechanism field of a greeting that uses NULL.
const NULL: [u8; 20] = *b"NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// What the bytes received so far say about the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Too few bytes to say anything.
    Unknown,
    /// ZMTP 1.0 without a signature: what arrived is the header of its identity frame.
    Unversioned,
    /// A signature; the revision has not arrived.
    Signed,
    /// A signature and a revision: 0 (1.0 with a signature), 1 (2.0), 3 (3.x).
    Revision(u8),
}

/// Our signature. Its length field is the header of our identity frame to a ZMTP 1.0 peer.
pub(crate) fn signature(routing_id_len: usize) -> [u8; SIGNATURE] {
    let mut bytes = [0; SIGNATURE];
    bytes[0] = 0xFF;
    bytes[1..9].copy_from_slice(&(routing_id_len as u64 + 1).to_be_bytes());
    bytes[9] = 0x7F;
    bytes
}

/// Major version, sent when the peer's signature is there.
pub(crate) const MAJOR: u8 = 3;

/// The rest of our greeting to a 3.x peer: minor version, mechanism, as-server (never set, as libzmq), filler.
pub(crate) fn rest_of_greeting() -> [u8; GREETING_3 - MINOR] {
    let mut bytes = [0; GREETING_3 - MINOR];
    bytes[0] = 1;
    bytes[1..21].copy_from_slice(&NULL);
    bytes
}

/// What a peer is, from the first bytes it sent.
pub(crate) fn classify(input: &[u8]) -> Peer {
    match *input {
        [] => Peer::Unknown,
        [first, ..] if first != 0xFF => Peer::Unversioned,
        // A ZMTP 1.0 identity of 255 bytes also starts with FF; the flag byte behind the length tells them apart.
        [_, _, _, _, _, _, _, _, _, last, ..] if last & 1 == 0 => Peer::Unversioned,
        [_, _, _, _, _, _, _, _, _, _, revision, ..] => Peer::Revision(revision),
        [_, _, _, _, _, _, _, _, _, _] => Peer::Signed,
        _ => Peer::Unknown,
    }
}

/// Reads a 3.x greeting. `Ok(None)`: not complete. A wrong mechanism is refused as soon as its field is there.
pub(crate) fn parse_3(input: &[u8]) -> Result<Option<Version>, ProtocolError> {
    let Some(mechanism) = input.get(MECHANISM) else { return Ok(None) };
    if mechanism != NULL {
        let name = mechanism.split(|byte| *byte == 0).next().unwrap_or_default();
        return Err(ProtocolError::MechanismMismatch(name.to_vec().into()));
    }
    match (input.get(REVISION), input.get(MINOR), input.len()) {
        (Some(3), Some(0), GREETING_3..) => Ok(Some(Version::V3_0)),
        (_, _, GREETING_3..) => Ok(Some(Version::V3_1)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_version() {
        let signature = signature(0);
        assert_eq!(classify(&[]), Peer::Unknown);
        assert_eq!(classify(b"G"), Peer::Unversioned);
        for cut in 1..SIGNATURE {
            assert_eq!(classify(&signature[..cut]), Peer::Unknown);
        }
        assert_eq!(classify(&signature), Peer::Signed);
        assert_eq!(classify(&[&signature[..], &[1]].concat()), Peer::Revision(1));
        assert_eq!(classify(&[0xFF, 0, 0, 0, 0, 0, 0, 1, 0, 0]), Peer::Unversioned);
    }

    #[test]
    fn a_wrong_mechanism_is_refused_at_its_last_byte() {
        let mut greeting = [&signature(0)[..], &[MAJOR], &rest_of_greeting()].concat();
        assert_eq!(greeting.len(), GREETING_3);
        assert_eq!(parse_3(&greeting), Ok(Some(Version::V3_1)));
        assert_eq!(parse_3(&greeting[..63]), Ok(None));
        greeting[MINOR] = 0;
        assert_eq!(parse_3(&greeting), Ok(Some(Version::V3_0)));
        greeting[MECHANISM].copy_from_slice(b"PLAIN\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(parse_3(&greeting[..31]), Ok(None));
        assert_eq!(parse_3(&greeting[..32]), Err(ProtocolError::MechanismMismatch((&b"PLAIN"[..]).into())));
    }
}

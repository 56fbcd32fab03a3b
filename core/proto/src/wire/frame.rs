//! Frame headers of ZMTP 1.0 (length, flags) and of 2.0 and later (flags, length).

use crate::error::ProtocolError;
use crate::message::{INLINE, copy_fresh};

/// How frames are laid out on the wire; all a message's encoding depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FrameFormat {
    /// ZMTP 1.0: length of flags and body, flags, body.
    V1,
    /// ZMTP 2.0, 3.0 and 3.1: flags, length of body, body.
    #[default]
    V2,
}

/// The header of a frame of at most 255 bytes of a 2.0 or later message.
pub(crate) const SHORT_HEADER: usize = 2;

/// The header of a longer one: flags and an 8-byte length.
pub(crate) const LONG_HEADER: usize = 9;

/// The longest header there is, of a 1.0 message.
const MAX_HEADER: usize = 10;

/// More than any address space holds, so a length above it can only be hostile (CVE-2019-6250).
const MAX_LENGTH: u64 = 1 << 47;

const MORE: u8 = 1;
const LARGE: u8 = 2;
const COMMAND: u8 = 4;

/// Flag bits of ZMTP 1.0 that its peers send all or none of: libzmq 2.1 sends 7E, 2.2 sends 00, 3.1 may set bit 6. With no
/// signature in that version, these bits are what tells it from a foreign protocol, so anything else is refused.
const UNUSED_V1: u8 = 0x3E;

/// The header of a message's last frame as it goes on the wire, for a body that is written from where it lies.
#[derive(Debug, Clone, Copy)]
pub struct FrameHeader {
    bytes: [u8; MAX_HEADER],
    size: usize,
}

impl FrameHeader {
    /// The header of a body of so many bytes.
    pub fn new(format: FrameFormat, length: usize) -> Self {
        let (bytes, size) = format.header(length, false, false);
        Self { bytes, size }
    }
}

impl std::ops::Deref for FrameHeader {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.size]
    }
}

/// A parsed frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Bytes of the header itself.
    pub(crate) size: usize,
    /// Bytes of the body.
    pub(crate) length: usize,
    /// Whether more frames of the same message follow.
    pub(crate) more: bool,
    /// Whether the body is a command (3.x).
    pub(crate) command: bool,
}

/// The size of the header, and the length, of a frame that is the whole of a 2.0 or later message, if its header is at the
/// front of `input`.
#[inline(always)]
pub(crate) fn parse_only(input: &[u8]) -> Option<(usize, u64)> {
    let (flags, rest) = input.split_first()?;
    match flags & (MORE | LARGE | COMMAND) {
        0 => Some((SHORT_HEADER, u64::from(*rest.first()?))),
        LARGE => Some((LONG_HEADER, u64::from_be_bytes(*rest.first_chunk()?))),
        _ => None,
    }
}

/// The body of a short last frame of a 2.0 or later message, if it is at the front of `input` with enough behind it for a
/// copy of fixed size: nearly every frame of a stream of small messages.
#[inline(always)]
pub(crate) fn parse_small(input: &[u8]) -> Option<(&[u8; INLINE], u8)> {
    let [flags, length, rest @ ..] = input else { return None };
    if flags & (MORE | LARGE | COMMAND) != 0 || usize::from(*length) > INLINE {
        return None;
    }
    Some((rest.first_chunk()?, *length))
}

/// Writes a frame of the first `length` bytes of a 2.0 or later message. The rest of them lie behind the frame: one copy of
/// fixed size costs less than one whose size is only known at run time.
#[inline(always)]
pub(crate) fn write_small(
    place: &mut [u8; SHORT_HEADER + INLINE],
    chunk: &[u8; INLINE],
    length: u8,
    more: bool,
) {
    let (header, rest) = place.split_at_mut(SHORT_HEADER);
    header.copy_from_slice(&short_header(length, more));
    copy_fresh(rest, chunk);
}

/// The header of a frame of at most 255 bytes of a 2.0 or later message.
#[inline(always)]
pub(crate) fn short_header(length: u8, more: bool) -> [u8; 2] {
    [u8::from(more), length]
}

/// Writes the header of a longer frame to where it is to be: the processor could not hand it on to a copy while its parts are
/// still on their way to the cache.
#[inline(always)]
pub(crate) fn write_long_header(place: &mut [u8; LONG_HEADER], flags: u8, length: usize) {
    place[0] = flags | LARGE;
    place[1..].copy_from_slice(&(length as u64).to_be_bytes());
}

impl FrameFormat {
    /// Parses the header at the front of `input`. `Ok(None)`: the header is not complete.
    #[inline]
    pub(crate) fn parse(self, input: &[u8]) -> Result<Option<Header>, ProtocolError> {
        match self {
            Self::V2 => parse_v2(input),
            Self::V1 => parse_v1(input),
        }
    }

    /// The header of a frame: the bytes and how many of them count.
    #[inline]
    pub(crate) fn header(self, length: usize, more: bool, command: bool) -> ([u8; MAX_HEADER], usize) {
        match self {
            Self::V2 => header_v2(length, more, command),
            Self::V1 => header_v1(length, more),
        }
    }

    /// Whole length of a frame on the wire.
    #[cfg(test)]
    pub(crate) fn framed(self, length: usize) -> usize {
        self.header(length, false, false).1 + length
    }
}

#[inline]
fn parse_v2(input: &[u8]) -> Result<Option<Header>, ProtocolError> {
    let [flags, short, ..] = *input else { return Ok(None) };
    // Bits 3 to 7 are reserved and, as libzmq does, not looked at.
    let (more, command) = (flags & MORE != 0, flags & COMMAND != 0);
    if flags & LARGE == 0 {
        return Ok(Some(Header { size: 2, length: usize::from(short), more, command }));
    }
    let Some(length) = input.get(1..9).and_then(long_length) else { return Ok(None) };
    Ok(Some(Header { size: 9, length: checked(length)?, more, command }))
}

fn parse_v1(input: &[u8]) -> Result<Option<Header>, ProtocolError> {
    let Some((&short, rest)) = input.split_first() else { return Ok(None) };
    let (size, length) = match short {
        0xFF => match rest.get(..8).and_then(long_length) {
            Some(length) => (10, length),
            None => return Ok(None),
        },
        _ => (2, u64::from(short)),
    };
    // The length counts the flag byte, so zero is impossible.
    let Some(length) = length.checked_sub(1) else {
        return Err(ProtocolError::MalformedFrame("a ZMTP 1.0 frame of length zero has no flag byte"));
    };
    let length = checked(length)?;
    let Some(&flags) = input.get(size - 1) else { return Ok(None) };
    if !matches!(flags & UNUSED_V1, 0 | UNUSED_V1) {
        return Err(ProtocolError::MalformedFrame("a ZMTP 1.0 frame with impossible flags"));
    }
    Ok(Some(Header { size, length, more: flags & MORE != 0, command: false }))
}

fn long_length(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

fn checked(length: u64) -> Result<usize, ProtocolError> {
    match usize::try_from(length) {
        Ok(fits) if length <= MAX_LENGTH => Ok(fits),
        _ => Err(ProtocolError::Oversized { size: length, limit: MAX_LENGTH }),
    }
}

#[inline]
fn header_v2(length: usize, more: bool, command: bool) -> ([u8; MAX_HEADER], usize) {
    let mut header = [0; MAX_HEADER];
    let flags = if more { MORE } else { 0 } | if command { COMMAND } else { 0 };
    match (u8::try_from(length), header.first_chunk_mut()) {
        (Err(_), Some(place)) => {
            write_long_header(place, flags, length);
            (header, LONG_HEADER)
        }
        _ => {
            header[0] = flags;
            header[1] = length as u8;
            (header, SHORT_HEADER)
        }
    }
}

fn header_v1(length: usize, more: bool) -> ([u8; MAX_HEADER], usize) {
    let mut header = [0; MAX_HEADER];
    let flags = u8::from(more);
    // 255 marks the long form, so the short one ends at a body of 253 bytes.
    if length + 1 < 0xFF {
        header[0] = length as u8 + 1;
        header[1] = flags;
        (header, 2)
    } else {
        header[0] = 0xFF;
        header[1..9].copy_from_slice(&(length as u64 + 1).to_be_bytes());
        header[9] = flags;
        (header, 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_parsed_back_at_every_boundary() {
        for format in [FrameFormat::V1, FrameFormat::V2] {
            for length in [0, 1, 252, 253, 254, 255, 256, 65_535, 65_536, 1 << 32] {
                for more in [false, true] {
                    let (bytes, size) = format.header(length, more, false);
                    for cut in 0..size {
                        assert_eq!(format.parse(&bytes[..cut]), Ok(None), "{format:?} {length} {cut}");
                    }
                    let expected = Header { size, length, more, command: false };
                    assert_eq!(format.parse(&bytes[..size]), Ok(Some(expected)));
                }
            }
        }
    }

    #[test]
    fn short_forms_end_where_libzmq_ends_them() {
        assert_eq!(FrameFormat::V2.framed(255), 257);
        assert_eq!(FrameFormat::V2.framed(256), 265);
        assert_eq!(FrameFormat::V1.framed(253), 255);
        assert_eq!(FrameFormat::V1.framed(254), 264);
    }

    #[test]
    fn impossible_lengths_are_typed_errors() {
        for exponent in [47, 48, 53, 62, 63] {
            for offset in 1..=64u64 {
                let length = ((1u64 << exponent) + offset).to_be_bytes();
                let v2 = [&[LARGE][..], &length].concat();
                let v1 = [&[0xFF][..], &length, &[0]].concat();
                assert!(matches!(FrameFormat::V2.parse(&v2), Err(ProtocolError::Oversized { .. })));
                if exponent > 47 || offset > 1 {
                    assert!(matches!(FrameFormat::V1.parse(&v1), Err(ProtocolError::Oversized { .. })));
                }
            }
        }
        assert!(FrameFormat::V2.parse(&[LARGE, 255, 255, 255, 255, 255, 255, 255, 255]).is_err());
        assert!(matches!(FrameFormat::V1.parse(&[0, 0]), Err(ProtocolError::MalformedFrame(_))));
        assert!(FrameFormat::V1.parse(&[255, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn flags_of_1_0_that_no_peer_sends_are_refused() {
        for flags in [0x00, 0x01, 0x7E, 0x7F, 0x40, 0x80, 0xFE] {
            assert!(matches!(FrameFormat::V1.parse(&[1, flags]), Ok(Some(_))), "{flags:02x}");
        }
        for flags in [b'E', b'T', b'S', 0x02, 0x03, 0xE0] {
            assert!(
                matches!(FrameFormat::V1.parse(&[1, flags]), Err(ProtocolError::MalformedFrame(_))),
                "{flags:02x}"
            );
        }
    }
}

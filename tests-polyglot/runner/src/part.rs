//! Message parts: literal or by seed and length, in the forms the testee protocol gives them.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::{Value, json};

/// Parts up to this length travel as hex in answers.
const SHORT_PART: usize = 64;

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// `len` bytes `(seed + i) mod 251`.
    Pattern {
        /// The first byte, modulo 251.
        seed: usize,
        /// The length in bytes.
        len: usize,
    },
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }
}

impl From<&[u8]> for Part {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl Part {
    /// The form of a request.
    pub(crate) fn request(&self) -> Value {
        match self {
            Self::Bytes(bytes) => json!(hex(bytes)),
            Self::Pattern { seed, len } => json!({"seed": seed, "len": len}),
        }
    }

    /// The form a testee answers when it received exactly this part.
    pub(crate) fn answer(&self) -> Value {
        match self {
            Self::Bytes(bytes) => answer(bytes),
            Self::Pattern { seed, len } => {
                thread_local!(static SEEN: RefCell<HashMap<(usize, usize), Value>> = RefCell::default());
                SEEN.with_borrow_mut(|seen| {
                    seen.entry((seed % 251, *len)).or_insert_with(|| answer(&pattern(*seed, *len))).clone()
                })
            }
        }
    }
}

/// The literal parts of a message.
pub(crate) fn parts<const N: usize>(list: [&[u8]; N]) -> Vec<Part> {
    list.into_iter().map(Part::from).collect()
}

/// The requests' form of a whole message.
pub(crate) fn requests(parts: &[Part]) -> Value {
    parts.iter().map(Part::request).collect()
}

/// The answers' form of a whole message.
pub(crate) fn answers(parts: &[Part]) -> Value {
    parts.iter().map(Part::answer).collect()
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hex as bytes; `None` when it is not hex.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

/// CRC-32 as in zlib.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = crc_table();
    !bytes.iter().fold(!0, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

/// The body number `number` of a `send` service.
pub(crate) fn numbered_body(number: u64, size: usize) -> Vec<u8> {
    let mut body = number.to_be_bytes().to_vec();
    body.resize(size, 0);
    body
}

fn answer(bytes: &[u8]) -> Value {
    if bytes.len() <= SHORT_PART {
        json!(hex(bytes))
    } else {
        json!({"len": bytes.len(), "crc32": crc32(bytes)})
    }
}

fn pattern(seed: usize, len: usize) -> Vec<u8> {
    (0..251u8).cycle().skip(seed % 251).take(len).collect()
}

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_zlibs() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn long_parts_answer_as_length_and_crc() {
        let part = Part::Pattern { seed: 3, len: 65536 };
        let Part::Bytes(bytes) = Part::from(&pattern(3, 65536)[..]) else { unreachable!() };
        assert_eq!(part.answer(), json!({"len": 65536, "crc32": crc32(&bytes)}));
        assert_eq!(Part::from("hi").answer(), json!("6869"));
    }

    #[test]
    fn hex_goes_both_ways() {
        assert_eq!(unhex(&hex(&[0, 15, 255])), Some(vec![0, 15, 255]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("zz"), None);
    }
}

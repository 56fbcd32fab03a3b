//! Message parts in the forms of the testee protocol.

use ohmq::Message;
use serde_json::{Value, json};

const SHORT_PART: usize = 64;

/// A part of a request: hex, or seed and length.
pub(crate) fn from_request(part: &Value) -> Option<Vec<u8>> {
    match part {
        Value::String(text) => unhex(text),
        _ => Some(pattern(part["seed"].as_u64()?, usize::try_from(part["len"].as_u64()?).ok()?)),
    }
}

/// A received message: each part as hex, or as length and CRC-32 when it is long.
pub(crate) fn answers(message: &Message) -> Value {
    let answer = |bytes: &[u8]| {
        if bytes.len() <= SHORT_PART {
            json!(hex(bytes))
        } else {
            json!({"len": bytes.len(), "crc32": crc32(bytes)})
        }
    };
    message.frames().iter().map(|frame| answer(frame)).collect()
}

/// `len` bytes `(seed + i) mod 251`.
pub(crate) fn pattern(seed: u64, len: usize) -> Vec<u8> {
    (0..251u8).cycle().skip((seed % 251) as usize).take(len).collect()
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
    const TABLE: [u32; 256] = {
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
    };
    !bytes.iter().fold(!0, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

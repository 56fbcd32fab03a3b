//! Metadata: the properties of READY. One byte of name length, name, four bytes of value length, value.

use bytes::Bytes;

use crate::error::ProtocolError;

/// Most properties a peer may send; real peers send two.
const MAX_PROPERTIES: usize = 64;
/// Longest routing id (RFC 37).
const MAX_IDENTITY: usize = 255;

/// A peer's properties.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) socket_type: Option<Bytes>,
    pub(crate) identity: Option<Bytes>,
    /// All properties in order, the two above included; of one name only the first counts.
    pub(crate) properties: Vec<(Bytes, Bytes)>,
}

/// Adds one property.
pub(crate) fn put(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    debug_assert!(name.len() <= 255 && value.len() <= 0x7FFF_FFFF);
    out.push(name.len() as u8);
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(&(value.len() as u32).to_be_bytes());
    out.extend_from_slice(value);
}

/// Parses the properties of a READY command.
pub(crate) fn parse(mut input: &[u8]) -> Result<Metadata, ProtocolError> {
    let mut metadata = Metadata::default();
    while let Some((&name_len, rest)) = input.split_first() {
        let Some((name, rest)) = rest.split_at_checked(usize::from(name_len)) else {
            return Err(ProtocolError::MalformedMetadata("a name is longer than the command"));
        };
        let Some((value_len, rest)) = rest.split_first_chunk::<4>() else {
            return Err(ProtocolError::MalformedMetadata("a value has no length"));
        };
        let value_len = u32::from_be_bytes(*value_len);
        let Some((value, rest)) = usize::try_from(value_len).ok().and_then(|len| rest.split_at_checked(len))
        else {
            return Err(ProtocolError::MalformedMetadata("a value is longer than the command"));
        };
        metadata.add(name, value)?;
        input = rest;
    }
    Ok(metadata)
}

impl Metadata {
    /// RFC 37 compares names without case; libzmq writes them in one case only, so both rules agree on its bytes.
    fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), ProtocolError> {
        if name.is_empty() {
            return Err(ProtocolError::MalformedMetadata("a name is empty"));
        }
        if self.properties.len() == MAX_PROPERTIES {
            return Err(ProtocolError::MalformedMetadata("too many properties"));
        }
        if self.properties.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        let value = Bytes::copy_from_slice(value);
        if name.eq_ignore_ascii_case(b"Socket-Type") {
            self.socket_type = Some(value.clone());
        } else if name.eq_ignore_ascii_case(b"Identity") {
            if value.len() > MAX_IDENTITY {
                return Err(ProtocolError::MalformedMetadata("the identity is longer than 255 bytes"));
            }
            self.identity = Some(value.clone());
        }
        self.properties.push((Bytes::copy_from_slice(name), value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_back() {
        let mut bytes = Vec::new();
        put(&mut bytes, "Socket-Type", b"DEALER");
        put(&mut bytes, "Identity", b"me");
        put(&mut bytes, "X-More", b"");
        put(&mut bytes, "identity", b"other");
        let metadata = parse(&bytes).unwrap();
        assert_eq!(metadata.socket_type.as_deref(), Some(&b"DEALER"[..]));
        assert_eq!(metadata.identity.as_deref(), Some(&b"me"[..]));
        assert_eq!(metadata.properties.len(), 3);
        for cut in 1..bytes.len() {
            let whole = [22, 37, 48].contains(&cut);
            assert_eq!(parse(&bytes[..cut]).is_ok(), whole, "{cut}");
        }
    }

    #[test]
    fn hostile_properties_are_typed_errors() {
        let mut many = Vec::new();
        (0..=MAX_PROPERTIES).for_each(|n| put(&mut many, &format!("X-{n}"), b""));
        let mut long = Vec::new();
        put(&mut long, "Identity", &[7; 256]);
        for bytes in [&many[..], &long, b"\0\0\0\0\0", b"\x01a\xFF\xFF\xFF\xFF", b"\x01a\x80\0\0\0x", b"\xFF"]
        {
            assert!(matches!(parse(bytes), Err(ProtocolError::MalformedMetadata(_))));
        }
    }
}

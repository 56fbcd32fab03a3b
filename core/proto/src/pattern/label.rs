//! The labels of a tree's nodes: short ones inside the node, long ones beside it.

/// Bytes of one label, inside when short: a lookup then reads one line of memory, not two.
#[derive(Debug)]
pub(super) struct Label {
    /// The length, or `LONG`; then the first four bytes are a place in [`Labels`].
    len: u8,
    bytes: [u8; INLINE],
}

/// The long labels of one tree.
#[derive(Debug, Default)]
pub(super) struct Labels {
    long: Vec<Box<[u8]>>,
    free: Vec<u32>,
}

/// As many as there is room for in a node of 40 bytes with its payload; more than is left of twenty random letters where a hundred
/// of them part.
const INLINE: usize = 21;
const LONG: u8 = u8::MAX;

impl Labels {
    pub(super) fn make(&mut self, bytes: &[u8]) -> Label {
        let mut label = Label { len: bytes.len().min(LONG.into()) as u8, bytes: [0; INLINE] };
        if let Some(inline) = label.bytes.get_mut(..bytes.len()) {
            inline.copy_from_slice(bytes);
            return label;
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.long.push(Box::default());
            (self.long.len() - 1) as u32
        });
        self.long[place as usize] = bytes.into();
        label.len = LONG;
        label.bytes[..4].copy_from_slice(&place.to_le_bytes());
        label
    }

    #[inline]
    pub(super) fn get<'a>(&'a self, label: &'a Label) -> &'a [u8] {
        match label.bytes.get(..label.len.into()) {
            Some(inline) => inline,
            None => &self.long[label.place() as usize],
        }
    }

    pub(super) fn release(&mut self, label: Label) {
        if label.len == LONG {
            let place = label.place();
            self.long[place as usize] = Box::default();
            self.free.push(place);
        }
    }

    /// Number of long labels in use.
    #[cfg(test)]
    pub(super) fn long(&self) -> usize {
        self.long.len() - self.free.len()
    }
}

impl Label {
    fn place(&self) -> u32 {
        let [a, b, c, d, ..] = self.bytes;
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_what_they_were_made_of_whatever_their_length() {
        let bytes: Vec<u8> = (0..600).map(|index| index as u8 ^ 0x5a).collect();
        let mut labels = Labels::default();
        for _ in 0..2 {
            let made: Vec<Label> = (0..bytes.len()).map(|length| labels.make(&bytes[..length])).collect();
            assert!(made.iter().enumerate().all(|(length, label)| labels.get(label) == &bytes[..length]));
            assert_eq!(labels.long(), bytes.len() - INLINE - 1);
            made.into_iter().for_each(|label| labels.release(label));
        }
        assert_eq!(
            (labels.long(), labels.long.len()),
            (0, bytes.len() - INLINE - 1),
            "places are used again"
        );
        assert_eq!(size_of::<Label>(), 22);
    }
}

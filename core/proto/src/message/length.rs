//! The length of an inline body, as a type whose impossible values tell other kinds of frames and messages apart.

use super::INLINE;

macro_rules! lengths {
    ($($name:ident)*) => {
        /// 0 to [`INLINE`], one variant each. As an enumeration it leaves the compiler room for the tags of all types that
        /// contain a frame; as a whole word it keeps moves of a frame to whole words, which do not stall on one another as
        /// those of a one-byte tag and an odd rest do: that costs more than all else in receiving a small message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u64)]
        pub(super) enum Length {
            $($name),*
        }

        const ALL: [Length; INLINE + 1] = [$(Length::$name),*];
    };
}

lengths! {
    L0 L1 L2 L3 L4 L5 L6 L7 L8 L9 L10 L11 L12 L13 L14 L15
    L16 L17 L18 L19 L20 L21 L22 L23 L24 L25 L26 L27 L28 L29 L30 L31
    L32 L33 L34 L35 L36 L37 L38 L39 L40 L41 L42 L43 L44 L45 L46 L47
    L48 L49 L50 L51 L52 L53 L54 L55 L56 L57 L58 L59 L60 L61 L62 L63
    L64
}

impl Length {
    /// At most [`INLINE`].
    #[inline(always)]
    pub(super) fn new(length: usize) -> Self {
        ALL[length.min(INLINE)]
    }

    #[inline(always)]
    pub(super) const fn get(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_its_variant() {
        for length in 0..=INLINE {
            assert_eq!(Length::new(length).get(), length);
        }
        assert_eq!(Length::new(INLINE + 1).get(), INLINE);
    }
}

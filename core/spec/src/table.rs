//! The one macro of this crate: it derives an enum from its rows, so that adding a thing is adding a row.

/// Declares `pub enum $name` with one variant per row and the static table the variants index into. A row's doc comment is
/// both the variant's documentation and the row's `doc` column.
macro_rules! table {
    (
        $(#[$meta:meta])*
        $name:ident: $row:ident;
        $( $(#[doc = $doc:literal])+ $variant:ident = $value:expr; )+
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[doc = $doc])+ $variant, )+ }

        impl $name {
            /// Every value, in the order of the rows.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The row that describes this value.
            pub const fn row(self) -> &'static $row {
                &ROWS[self as usize]
            }
        }

        static ROWS: &[$row] = &[$($value.doc(concat!($($doc),+))),+];
    };
}

/// Lower-cases a name at compile time, so that a row writes it once.
macro_rules! lower {
    ($text:expr) => {{
        const BYTES: [u8; $text.len()] = $crate::table::lower_bytes($text);
        $crate::table::text(&BYTES)
    }};
}

pub(crate) const fn lower_bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut at = 0;
    while at < N {
        bytes[at] = text.as_bytes()[at].to_ascii_lowercase();
        at += 1;
    }
    bytes
}

/// Only ever sees ASCII that was a `&str` before; anything else fails the build.
pub(crate) const fn text(bytes: &'static [u8]) -> &'static str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a name in a table is not ASCII"),
    }
}

//! The small tables: numbers that have a name and nothing else, such as flags.

/// One row of a small table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedValueRow {
    /// The number that crosses every language boundary; libzmq's.
    pub value: u32,
    /// The name in `zmq.h`, for instance `ZMQ_DONTWAIT`.
    pub zmq_name: &'static str,
    /// The name inside its own enum, for instance `DONTWAIT`.
    pub name: &'static str,
    /// Older names of the same number, without `ZMQ_`.
    pub aliases: &'static [&'static str],
    /// Whether libzmq declares it outside its draft section.
    pub stable: bool,
    /// Whether the engine implements it.
    pub implemented: bool,
    /// What it means, in one line.
    pub doc: &'static str,
}

/// A small table: an enum whose rows carry a prefix that its own names leave out.
macro_rules! named_values {
    ($(#[$meta:meta])* $name:ident: $prefix:literal; $($rows:tt)+) => {
        const fn value(value: u32, zmq_name: &'static str) -> $crate::named_value::NamedValueRow {
            $crate::named_value::NamedValueRow::new(value, zmq_name, $prefix.len())
        }

        table! { $(#[$meta])* $name: NamedValueRow; $($rows)+ }

        impl $name {
            /// The number that crosses every language boundary; libzmq's.
            pub const fn value(self) -> u32 {
                self.row().value
            }

            /// The one with this number.
            pub fn from_value(value: u32) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| each.value() == value)
            }

            /// Its name without `ZMQ_` and without the prefix all of them share.
            pub const fn name(self) -> &'static str {
                self.row().name
            }
        }
    };
}

impl NamedValueRow {
    pub(crate) const fn new(value: u32, zmq_name: &'static str, prefix: usize) -> Self {
        let name = zmq_name.split_at(prefix).1;
        Self { value, zmq_name, name, aliases: &[], stable: true, implemented: false, doc: "" }
    }

    pub(crate) const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    pub(crate) const fn draft(self) -> Self {
        Self { stable: false, ..self }
    }

    pub(crate) const fn implemented(self) -> Self {
        Self { implemented: true, ..self }
    }

    pub(crate) const fn doc(self, doc: &'static str) -> Self {
        Self { doc: doc.trim_ascii(), ..self }
    }
}

/// What must hold in every small table.
#[cfg(test)]
pub(crate) fn check(rows: &[NamedValueRow], count: usize) {
    assert_eq!(rows.len(), count);
    assert!(
        rows.is_sorted_by(|one, next| one.value < next.value),
        "numbers not unique and in order: {rows:?}"
    );
    for row in rows {
        assert!(row.zmq_name.starts_with("ZMQ_") && row.zmq_name.ends_with(row.name));
        assert!(row.doc.ends_with('.'), "{} lacks a sentence", row.zmq_name);
    }
}

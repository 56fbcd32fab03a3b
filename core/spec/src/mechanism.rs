//! The security mechanisms a handshake can use (RFC 23, 24, 25, 37).

/// One row of the mechanism table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MechanismRow {
    /// The value of the `MECHANISM` option.
    pub id: i32,
    /// The name in greetings, without its padding.
    pub name: &'static str,
    /// What `zmq_has` answers to; `None` when it is always there.
    pub capability: Option<&'static str>,
    /// Whether the engine implements it.
    pub implemented: bool,
    /// What it does, in one line.
    pub doc: &'static str,
}

table! {
    /// How a handshake protects a connection. Each mechanism is one row.
    Mechanism: MechanismRow;

    /// No authentication and no encryption.
    Null = row(0, "NULL", None).implemented();
    /// A user name and a password in clear text.
    Plain = row(1, "PLAIN", None);
    /// Authentication and encryption by public keys (Curve25519).
    Curve = row(2, "CURVE", Some("curve"));
    /// Authentication and encryption by Kerberos.
    Gssapi = row(3, "GSSAPI", Some("gssapi"));
}

impl Mechanism {
    /// The value of the `MECHANISM` option.
    pub const fn id(self) -> i32 {
        self.row().id
    }

    /// The mechanism with this number.
    pub fn from_id(id: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.id() == id)
    }

    /// The name in greetings, without its padding.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The mechanism with this name, without its padding.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.name().as_bytes() == name)
    }
}

const fn row(id: i32, name: &'static str, capability: Option<&'static str>) -> MechanismRow {
    MechanismRow { id, name, capability, implemented: false, doc: "" }
}

impl MechanismRow {
    const fn implemented(self) -> Self {
        Self { implemented: true, ..self }
    }

    const fn doc(self, doc: &'static str) -> Self {
        Self { doc: doc.trim_ascii(), ..self }
    }
}

#[cfg(test)]
#[test]
fn ids_are_dense_and_names_fit_a_greeting() {
    for (at, each) in Mechanism::ALL.iter().enumerate() {
        assert_eq!(each.id(), at as i32);
        assert_eq!(Mechanism::from_id(each.id()), Some(*each));
        assert_eq!(Mechanism::from_name(each.name().as_bytes()), Some(*each));
        assert!(each.name().len() <= 20 && each.row().doc.ends_with('.'));
    }
    assert_eq!(Mechanism::ALL.len(), 4);
}

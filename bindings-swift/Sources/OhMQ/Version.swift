// The version of this package. Opening a context compares it with the static library's.

/// The version of OhMQ: the same for this package and for the engine inside it.
public let ohmqVersion = "0.1.0"

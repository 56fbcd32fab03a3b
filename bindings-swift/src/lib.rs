//! The OhMQ binding for swift.

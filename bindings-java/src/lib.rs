//! The OhMQ binding for java.

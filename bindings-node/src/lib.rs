//! The OhMQ binding for node.

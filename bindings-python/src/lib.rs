//! The OhMQ binding for python.

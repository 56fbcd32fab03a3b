//! ZeroMQ sockets from one Rust engine: no broker, no C++ toolchain.

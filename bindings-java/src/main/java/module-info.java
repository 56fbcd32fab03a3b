/** ZeroMQ sockets from one Rust engine. */
module io.ohmq {
    exports io.ohmq;
}

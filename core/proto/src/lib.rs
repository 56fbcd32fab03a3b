//! ZMTP without sockets: messages, wire codec, handshakes and socket patterns.

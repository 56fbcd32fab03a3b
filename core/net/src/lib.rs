//! OhMQ's descriptors and threads: reactor, transports, connection drivers, timers.

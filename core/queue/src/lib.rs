//! The only clever memory of OhMQ: pipes between two threads, and wake-ups.

//! What every OhMQ language binding needs once: handles, batches, wake-ups, errors.

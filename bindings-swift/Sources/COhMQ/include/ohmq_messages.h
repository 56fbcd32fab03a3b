// The message plane of the engine's static library; the other side is src/messages.rs, which documents each function.
#ifndef OHMQ_MESSAGES_H
#define OHMQ_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OHMQ_EVENT_RECEIVE 1u
#define OHMQ_EVENT_SEND 2u
#define OHMQ_TIMEOUT_TRY ((int64_t)0)
#define OHMQ_TIMEOUT_FOREVER ((int64_t)-1)
#define OHMQ_TIMEOUT_OPTION ((int64_t)-2)

typedef struct {
    size_t messages;
    size_t frames;
    size_t bytes;
    void *parked;
} ohmq_swift_received;

int32_t ohmq_swift_send(uint64_t socket, const uint8_t *bytes, const size_t *sizes, size_t frames, int64_t timeout_ms);
int32_t ohmq_swift_receive(uint64_t socket, int64_t timeout_ms, uint8_t *buffer, size_t capacity, size_t *sizes,
                           size_t frame_capacity, ohmq_swift_received *out);
int32_t ohmq_swift_receive_many(uint64_t socket, size_t limit, ohmq_swift_received *out);
void ohmq_swift_take(void *parked, uint8_t *buffer, size_t *sizes, size_t *counts);
int32_t ohmq_swift_descriptor(uint64_t socket, int32_t *out);
int32_t ohmq_swift_arm(uint64_t socket, uint32_t events, uint32_t *out);
int32_t ohmq_swift_events(uint64_t socket, uint32_t *out);
bool ohmq_swift_turn_over(void);

#endif

/* Bytes on their way out, first in first out, up to a bound. Wiped as they leave. */
#ifndef LATCHKEY_BYTE_QUEUE_H
#define LATCHKEY_BYTE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
	uint8_t *data;
	size_t capacity, first, bytes;
} ByteQueue;

/* Takes as many as fit below `maximum` in all, and memory allows; returns how many. */
size_t byte_queue_put(ByteQueue *queue, const uint8_t *data, size_t bytes, size_t maximum);
/* Drops bytes from the front. */
void byte_queue_drop(ByteQueue *queue, size_t bytes);
void byte_queue_free(ByteQueue *queue);

#endif

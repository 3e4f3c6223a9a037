#include "byte-queue.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { STEP = 1024 };

/* Moves what is left to the front, into a larger block where that is needed. */
static void make_room(ByteQueue *queue, size_t wanted)
{
	size_t capacity = (wanted + STEP - 1) / STEP * STEP;
	uint8_t *data = queue->data;

	if (capacity > queue->capacity) {
		data = malloc(capacity);
		if (!data) return;
	}
	if (queue->bytes > 0) memmove(data, queue->data + queue->first, queue->bytes);
	if (data != queue->data) {
		lk_wipe(queue->data, queue->capacity);
		free(queue->data);
		queue->data = data;
		queue->capacity = capacity;
	}
	queue->first = 0;
}

size_t byte_queue_put(ByteQueue *queue, const uint8_t *data, size_t bytes, size_t maximum)
{
	if (bytes > maximum - queue->bytes) bytes = maximum - queue->bytes;
	if (bytes == 0) return 0;
	if (queue->first + queue->bytes + bytes > queue->capacity) make_room(queue, queue->bytes + bytes);
	if (bytes > queue->capacity - queue->first - queue->bytes) bytes = queue->capacity - queue->first - queue->bytes;
	if (bytes > 0) memcpy(queue->data + queue->first + queue->bytes, data, bytes);
	queue->bytes += bytes;
	return bytes;
}

void byte_queue_drop(ByteQueue *queue, size_t bytes)
{
	lk_wipe(queue->data + queue->first, bytes);
	queue->first += bytes;
	queue->bytes -= bytes;
	if (queue->bytes == 0) byte_queue_free(queue);
}

void byte_queue_free(ByteQueue *queue)
{
	lk_wipe(queue->data, queue->capacity);
	free(queue->data);
	*queue = (ByteQueue){ 0 };
}

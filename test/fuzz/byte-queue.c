/* byte-queue.c against a plain array: the same bytes come out in the same order, up to the bound, and none is left behind. */
#include "byte-queue.h"

#include "expect.h"
#include "input.h"

enum { MODEL_MAX = 8192 };

void lk_wipe(void *memory, size_t bytes);
void lk_wipe(void *memory, size_t bytes)
{
	if (bytes > 0) memset(memory, 0, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static uint8_t model[MODEL_MAX];
	Input input = { data, bytes };
	size_t held = 0, maximum = input_number(&input, 2) % MODEL_MAX;
	ByteQueue queue = { 0 };
	uint8_t next = 0;

	while (input.bytes > 0) {
		uint8_t what = input_byte(&input);
		size_t count = input_number(&input, 2) % (MODEL_MAX + 1);
		if (what & 1) {
			uint8_t *piece = malloc(count > 0 ? count : 1);
			size_t taken;
			for (size_t index = 0; index < count; index++) piece[index] = next++;
			taken = byte_queue_put(&queue, piece, count, maximum);
			EXPECT(taken == (count < maximum - held ? count : maximum - held));
			memcpy(model + held, piece, taken);
			held += taken;
			free(piece);
		}
		else if (held > 0) {
			if (count > held) count = held;
			byte_queue_drop(&queue, count);
			held -= count;
			memmove(model, model + count, held);
		}
		EXPECT(queue.bytes == held && queue.bytes <= queue.capacity - queue.first);
		EXPECT(held == 0 || memcmp(queue.data + queue.first, model, held) == 0);
		/* What left is wiped, and the memory is given back when nothing is held. */
		for (size_t index = 0; index < queue.first; index++) EXPECT(queue.data[index] == 0);
		if (held == 0 && !(what & 1)) EXPECT(!queue.data && queue.capacity == 0);
	}
	byte_queue_free(&queue);
	EXPECT(!queue.data);
	return 0;
}

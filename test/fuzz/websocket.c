/*
 * websocket.c against references: masking is an XOR of each octet, and bytes are UTF-8 exactly when RFC 3629's ranges of
 * code points say so, in whatever pieces they come.
 */
#include "expect.h"
#include "input.h"
#include "xsmc.h"

void xs_lk_ws_mask(xsMachine *the);
void xs_lk_ws_utf8(xsMachine *the);

enum { STATES = 9, START = 0, INVALID = 8 };

/* RFC 3629 3: 0 for well-formed text, 1 for the beginning of some, 2 for what no text begins with. */
static int reference(const uint8_t *data, size_t bytes)
{
	for (size_t at = 0; at < bytes;) {
		unsigned lead = data[at], length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0;
		uint32_t low, high, span;
		if (length == 0) return 2;
		low = high = length == 1 ? lead : lead & (0x7fu >> length);
		for (unsigned index = 1; index < length; index++) {
			bool there = at + index < bytes;
			if (there && (data[at + index] & 0xc0) != 0x80) return 2;
			low = low << 6 | (there ? data[at + index] & 0x3fu : 0);
			high = high << 6 | (there ? data[at + index] & 0x3fu : 0x3fu);
		}
		span = length == 2 ? 0x80 : length == 3 ? 0x800 : length == 4 ? 0x10000 : 0;
		/* Every code point that this may still become is too short for its length, beyond Unicode, or a surrogate. */
		if (high < span || low > 0x10ffff || (low >= 0xd800 && high <= 0xdfff)) return 2;
		if (at + length > bytes) return 1;
		at += length;
	}
	return 0;
}

static int state_after(xsMachine *the, int state, const uint8_t *data, size_t bytes)
{
	the->arguments[0] = fake_number(state);
	the->arguments[1] = fake_bytes(data, bytes);
	the->argument_count = 2;
	EXPECT(fake_run(the, xs_lk_ws_utf8));
	fake_free(&the->arguments[1]);
	EXPECT(the->result.type == xsIntegerType && the->result.number >= 0 && the->result.number < STATES);
	return (int)the->result.number;
}

static void check_utf8(xsMachine *the, Input input, Input cuts)
{
	int state = state_after(the, START, input.data, input.bytes), wanted = reference(input.data, input.bytes);

	EXPECT((state == START) == (wanted == 0) && (state == INVALID) == (wanted == 2));
	for (int pieces = START; input.bytes > 0;) {
		Input piece = input_piece(&input, 1 + input_byte(&cuts) % 16);
		pieces = state_after(the, pieces, piece.data, piece.bytes);
		if (input.bytes == 0) EXPECT(pieces == state);
	}
}

static void check_mask(xsMachine *the, Input input, size_t from, const uint8_t key[4])
{
	bool run;

	the->arguments[0] = fake_bytes(input.data, input.bytes);
	the->arguments[1] = fake_number((double)from);
	the->arguments[2] = fake_bytes(key, 4);
	the->argument_count = 3;
	run = fake_run(the, xs_lk_ws_mask);
	EXPECT(run == (from <= input.bytes));
	for (size_t at = 0; at < input.bytes; at++) {
		uint8_t wanted = !run || at < from ? input.data[at] : input.data[at] ^ key[(at - from) % 4];
		EXPECT(the->arguments[0].object->data[at] == wanted);
	}
	fake_free(&the->arguments[0]);
	fake_free(&the->arguments[2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static xsMachine machine;
	Input input = { data, bytes }, cuts = input_piece(&input, 4);
	uint8_t key[4] = { 0 };

	memcpy(key, cuts.data, cuts.bytes);
	check_mask(&machine, input, key[0] ^ key[3], key);
	check_utf8(&machine, input, cuts);
	return 0;
}

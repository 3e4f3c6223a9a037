/*
 * inflate.c against zlib in one call with its largest window: what ends here ends there, with the same bytes and as many of them
 * unused, in whatever pieces it is fed and read; nothing is written outside the room, and no bytes make it throw.
 */
#include <zlib.h>

#include "expect.h"
#include "input.h"
#include "xsmc.h"

void xs_lk_inflate_destructor(void *data);
void xs_lk_inflate_open(xsMachine *the);
void xs_lk_inflate_feed(xsMachine *the);
void xs_lk_inflate_read(xsMachine *the);
void xs_lk_inflate_unused(xsMachine *the);
void xs_lk_inflate_close(xsMachine *the);

enum { PIECE_BYTES = 512, WINDOW_BYTES = 4096, PLAIN_MAX = 1 << 14, HUNGRY = 0, ENDED = -1, BROKEN = -2 };

typedef struct {
	uint8_t bytes[PLAIN_MAX];
	size_t count, unused;
	int stop;
} Plain;

/* A reference that keeps all it ever wrote, so that no distance is too far. */
static void inflate_whole(Plain *plain, const uint8_t *data, size_t bytes)
{
	z_stream stream = { 0 };
	int status;

	EXPECT(inflateInit2(&stream, -15) == Z_OK);
	stream.next_in = (Bytef *)data;
	stream.avail_in = (uInt)bytes;
	stream.next_out = plain->bytes;
	stream.avail_out = PLAIN_MAX;
	status = inflate(&stream, Z_SYNC_FLUSH);
	plain->count = PLAIN_MAX - stream.avail_out;
	plain->unused = stream.avail_in;
	plain->stop = status == Z_STREAM_END ? ENDED : status == Z_OK || status == Z_BUF_ERROR ? HUNGRY : BROKEN;
	inflateEnd(&stream);
}

static int call(xsMachine *the, FakeNative native, int count)
{
	the->argument_count = count;
	EXPECT(fake_run(the, native));
	return the->result.type == xsIntegerType ? (int)the->result.number : 0;
}

static void feed(xsMachine *the, Input piece)
{
	the->arguments[1] = fake_bytes(piece.data, piece.bytes);
	call(the, xs_lk_inflate_feed, 2);
	fake_free(&the->arguments[1]);
}

static int read_piece(xsMachine *the, uint8_t *into, size_t room)
{
	static const uint8_t zeros[PIECE_BYTES];
	int read;

	/* In memory of just this size: a sanitizer sees a byte too many. */
	the->arguments[1] = fake_bytes(zeros, room);
	read = call(the, xs_lk_inflate_read, 2);
	EXPECT(read >= BROKEN && read <= (int)room);
	if (read > 0) memcpy(into, the->arguments[1].object->data, (size_t)read);
	fake_free(&the->arguments[1]);
	return read;
}

/* From the largest (also when nothing says how it is cut) to 1. */
static size_t piece_bytes(Input *cuts)
{
	size_t less = input_byte(cuts);

	return PIECE_BYTES - 2 * less - (less & 1);
}

/* Stops early when PLAIN_MAX is full. */
static void inflate_pieces(xsMachine *the, Plain *plain, Input input, Input cuts)
{
	plain->count = 0;
	for (;;) {
		size_t room = piece_bytes(&cuts);
		int read;
		if (room > PLAIN_MAX - plain->count) room = PLAIN_MAX - plain->count;
		if (room == 0) return;
		read = read_piece(the, plain->bytes + plain->count, room);
		plain->stop = read;
		if (read > 0) plain->count += (size_t)read;
		else if (read != HUNGRY || input.bytes == 0) break;
		else feed(the, input_piece(&input, piece_bytes(&cuts)));
	}
	EXPECT(read_piece(the, plain->bytes, 1) == plain->stop);
	plain->unused = input.bytes + (size_t)call(the, xs_lk_inflate_unused, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static Plain whole, pieces;
	static xsMachine machine;
	xsMachine *the = &machine;
	Input input = { data, bytes };
	Input cuts = input_piece(&input, input_byte(&input) % 16);
	uint8_t *copy = input_copy(input);

	memset(the, 0, sizeof *the);
	inflate_whole(&whole, copy, input.bytes);
	the->arguments[0] = fake_host(xs_lk_inflate_destructor);
	call(the, xs_lk_inflate_open, 1);
	pieces.stop = HUNGRY;
	inflate_pieces(the, &pieces, (Input){ copy, input.bytes }, cuts);
	if (pieces.count < PLAIN_MAX) {
		/* A smaller window refuses more, and nothing else. */
		EXPECT(pieces.stop == whole.stop || pieces.stop == BROKEN);
		if (pieces.stop == ENDED) EXPECT(pieces.count == whole.count && pieces.unused == whole.unused);
		/* Within the window it refuses nothing that the reference reads. */
		if (whole.stop != BROKEN && whole.count <= WINDOW_BYTES) EXPECT(pieces.stop == whole.stop);
	}
	EXPECT(pieces.count <= whole.count || whole.stop == BROKEN || whole.count == PLAIN_MAX);
	EXPECT(memcmp(pieces.bytes, whole.bytes, pieces.count < whole.count ? pieces.count : whole.count) == 0);
	/* Closed by whoever is done with it, or by the collector. */
	if (bytes & 1) {
		call(the, xs_lk_inflate_close, 1);
		call(the, xs_lk_inflate_close, 1);
		EXPECT(!fake_run(the, xs_lk_inflate_unused));
	}
	fake_free(&the->arguments[0]);
	free(copy);
	return 0;
}

/*
 * Raw deflate (RFC 1951) for inflate.ts (platform/inflate.ts) by zlib, in memory of a fixed size that is allocated once and
 * holds everything: zlib's state and window come out of an arena, its input is a copy here. No bytes make it fail but with
 * "broken", and zlib gets no memory beyond the arena.
 */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "check.h"

enum {
	WINDOW_BITS = 12,      /* LIMITS.inflateWindowBytes */
	PIECE_BYTES = 512,     /* LIMITS.inflatePieceBytes */
	STREAM_BYTES_MAX = 16384, /* LIMITS.inflateBytes */
	/* The window and zlib's inflate_state, whose size zlib does not tell: 7,160 bytes in 1.2.13 on 64 bits, less on 32. */
	ARENA_BYTES = (1 << WINDOW_BITS) + 8 * 1024,
	ALIGNMENT = 16,
};

enum { HUNGRY = 0, ENDED = -1, BROKEN = -2 };

typedef struct {
	_Alignas(ALIGNMENT) uint8_t arena[ARENA_BYTES];
	size_t arena_used;
	uint8_t input[PIECE_BYTES];
	z_stream zlib;
	int state;  /* HUNGRY while it goes on, else ENDED or BROKEN */
} Inflation;

_Static_assert(sizeof(Inflation) <= STREAM_BYTES_MAX, "LIMITS.inflateBytes");

/* LIMITS.inflateStreams: an update has one; a second one may wait for the collector beside it. */
enum { STREAMS_MAX = 2 };
static unsigned streams_open;

void xs_lk_inflate_destructor(void *data);
void xs_lk_inflate_open(xsMachine *the);
void xs_lk_inflate_feed(xsMachine *the);
void xs_lk_inflate_read(xsMachine *the);
void xs_lk_inflate_unused(xsMachine *the);
void xs_lk_inflate_close(xsMachine *the);

static voidpf arena_allocate(voidpf context, uInt items, uInt bytes)
{
	Inflation *stream = context;
	size_t left = ARENA_BYTES - stream->arena_used, wanted;
	void *found;

	if (bytes > 0 && items > ARENA_BYTES / bytes) return Z_NULL;
	wanted = ((size_t)items * bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (wanted > left) return Z_NULL;
	found = stream->arena + stream->arena_used;
	stream->arena_used += wanted;
	return found;
}

/* The arena goes as a whole. */
static void arena_free(voidpf context, voidpf address)
{
	(void)context;
	(void)address;
}

static void stream_free(Inflation *stream)
{
	if (!stream) return;
	inflateEnd(&stream->zlib);
	free(stream);
	streams_open--;
}

void xs_lk_inflate_destructor(void *data)
{
	stream_free(data);
}

static Inflation *stream_of(xsMachine *the, int index)
{
	Inflation *stream = xsmcGetHostDataValidate(xsArg(index), (void *)xs_lk_inflate_destructor);

	if (!stream) xsTypeError("inflate is closed");
	return stream;
}

/* (handle) */
void xs_lk_inflate_open(xsMachine *the)
{
	Inflation *stream;

	if (xsmcGetHostDataValidate(xsArg(0), (void *)xs_lk_inflate_destructor)) xsTypeError("inflate is open");
	if (streams_open >= STREAMS_MAX) xsCollectGarbage();
	stream = streams_open < STREAMS_MAX ? calloc(1, sizeof *stream) : NULL;
	if (!stream) {
		lk_fault(the, "memory/exhausted");
		return;
	}
	streams_open++;
	stream->zlib.zalloc = arena_allocate;
	stream->zlib.zfree = arena_free;
	stream->zlib.opaque = stream;
	if (inflateInit2(&stream->zlib, -WINDOW_BITS) != Z_OK) {
		/* Of a zlib whose state is larger than the arena: seen at once, in the first test on a board. */
		stream_free(stream);
		lk_fault(the, "memory/exhausted");
		return;
	}
	xsmcSetHostData(xsArg(0), stream);
}

/* (handle, bytes) */
void xs_lk_inflate_feed(xsMachine *the)
{
	Inflation *stream = stream_of(the, 0);
	LkSpan bytes = lk_bytes(the, 1, 1, PIECE_BYTES);

	if (stream->zlib.avail_in > 0) xsRangeError("inflate is not hungry");
	memcpy(stream->input, bytes.data, bytes.bytes);
	stream->zlib.next_in = stream->input;
	stream->zlib.avail_in = (uInt)bytes.bytes;
}

/* (handle, into) -> bytes written, HUNGRY, ENDED or BROKEN */
void xs_lk_inflate_read(xsMachine *the)
{
	Inflation *stream = stream_of(the, 0);
	LkSpan room = lk_bytes(the, 1, 1, PIECE_BYTES);
	uint8_t *into = lk_output(the, 1, room.bytes);
	size_t written = 0;

	if (stream->state == HUNGRY) {
		stream->zlib.next_out = into;
		stream->zlib.avail_out = (uInt)room.bytes;
		switch (inflate(&stream->zlib, Z_NO_FLUSH)) {
			case Z_OK:
			case Z_BUF_ERROR:  /* nothing to read, nothing to write: hungry */
				break;
			case Z_STREAM_END:
				stream->state = ENDED;
				break;
			default:
				stream->state = BROKEN;
		}
		/* What came before the fault counts for nothing: the stream is refused as a whole. */
		if (stream->state != BROKEN) written = room.bytes - stream->zlib.avail_out;
		stream->zlib.next_out = NULL;
		stream->zlib.avail_out = 0;
	}
	xsmcSetInteger(xsResult, written > 0 ? (int)written : stream->state);
}

/* (handle) -> bytes */
void xs_lk_inflate_unused(xsMachine *the)
{
	xsmcSetInteger(xsResult, (int)stream_of(the, 0)->zlib.avail_in);
}

/* (handle). Idempotent. */
void xs_lk_inflate_close(xsMachine *the)
{
	stream_free(xsmcGetHostDataValidate(xsArg(0), (void *)xs_lk_inflate_destructor));
	xsmcSetHostData(xsArg(0), NULL);
}

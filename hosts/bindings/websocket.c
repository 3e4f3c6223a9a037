/*
 * The two byte loops of a WebSocket for websocket.ts (platform/websocket.ts): masking (RFC 6455 5.3) and the
 * streaming check of UTF-8 (RFC 3629 4). Equal to modules/link/ws-bytes.ts and ws-utf8.ts, which say the states.
 */
#include <string.h>

#include "check.h"

enum { BYTES_MAX = 0x7fffffff };

void xs_lk_ws_mask(xsMachine *the);
void xs_lk_ws_utf8(xsMachine *the);

/* (bytes, from, key): XORs bytes from there on with the key of 4 octets */
void xs_lk_ws_mask(xsMachine *the)
{
	LkSpan target = lk_bytes(the, 0, 0, BYTES_MAX);
	size_t from = (size_t)lk_number(the, 1, 0, (double)target.bytes);
	LkSpan key = lk_bytes(the, 2, 4, 4);
	uint8_t *data = lk_output(the, 0, target.bytes);
	uint64_t pattern;
	size_t index = from;

	for (int octet = 0; octet < 8; octet++) ((uint8_t *)&pattern)[octet] = key.data[octet & 3];
	for (; index + sizeof pattern <= target.bytes; index += sizeof pattern) {
		uint64_t word;
		memcpy(&word, data + index, sizeof word);
		word ^= pattern;
		memcpy(data + index, &word, sizeof word);
	}
	for (; index < target.bytes; index++) data[index] ^= key.data[(index - from) & 3];
}

enum { START, ONE, TWO, THREE, AFTER_E0, AFTER_ED, AFTER_F0, AFTER_F4, INVALID };

static unsigned after_lead(uint8_t octet)
{
	if (octet < 0x80) return START;
	if (octet < 0xc2 || octet > 0xf4) return INVALID;
	if (octet < 0xe0) return ONE;
	if (octet < 0xf0) return octet == 0xe0 ? AFTER_E0 : octet == 0xed ? AFTER_ED : TWO;
	return octet == 0xf0 ? AFTER_F0 : octet == 0xf4 ? AFTER_F4 : THREE;
}

static unsigned after_next(unsigned state, uint8_t octet)
{
	static const struct {
		uint8_t lowest, highest, next;
	} following[] = {
		[ONE] = { 0x80, 0xbf, START },
		[TWO] = { 0x80, 0xbf, ONE },
		[THREE] = { 0x80, 0xbf, TWO },
		[AFTER_E0] = { 0xa0, 0xbf, ONE },
		[AFTER_ED] = { 0x80, 0x9f, ONE },
		[AFTER_F0] = { 0x90, 0xbf, TWO },
		[AFTER_F4] = { 0x80, 0x8f, TWO },
	};

	return octet >= following[state].lowest && octet <= following[state].highest ? following[state].next : INVALID;
}

/* (state, bytes) -> state */
void xs_lk_ws_utf8(xsMachine *the)
{
	unsigned state = (unsigned)lk_number(the, 0, START, INVALID);
	LkSpan text = lk_bytes(the, 1, 0, BYTES_MAX);

	for (size_t index = 0; index < text.bytes && state != INVALID; index++) {
		if (state != START) {
			state = after_next(state, text.data[index]);
			continue;
		}
		/* Runs of ASCII, eight octets at a time. */
		while (index + 8 <= text.bytes) {
			uint64_t word;
			memcpy(&word, text.data + index, sizeof word);
			if (word & 0x8080808080808080u) break;
			index += 8;
		}
		if (index < text.bytes) state = after_lead(text.data[index]);
	}
	xsmcSetInteger(xsResult, (int)state);
}

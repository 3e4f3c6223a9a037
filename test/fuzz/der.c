/*
 * der.c: every element lies within the bytes, is written the one way DER has, and elements add up; numbers and times
 * equal a reference.
 */
#include "der.h"

#include <time.h>

#include "expect.h"
#include "input.h"

enum { NESTED_MAX = 16 };

/* X.690 10.1: the shortest header of an element. */
static size_t header_bytes(size_t content)
{
	return content < 0x80 ? 2 : content < 0x100 ? 3 : content < 0x10000 ? 4 : 5;
}

static void check_numbers(Slice content)
{
	uint32_t value = 0;
	bool small = der_small_integer(content, &value);

	EXPECT(!small || der_integer_is_canonical(content));
	if (content.bytes == 0) EXPECT(!der_integer_is_canonical(content) && !small);
	else if (content.bytes <= 8) {
		int64_t wanted = (content.data[0] & 0x80) ? -1 : 0;
		size_t needed = 1;
		for (size_t index = 0; index < content.bytes; index++) wanted = (int64_t)((uint64_t)wanted << 8 | content.data[index]);
		while (needed < 8 && (wanted < -(INT64_C(1) << (8 * needed - 1)) || wanted >= INT64_C(1) << (8 * needed - 1))) needed++;
		EXPECT(der_integer_is_canonical(content) == (needed == content.bytes));
		EXPECT(small == (needed == content.bytes && wanted >= 0 && wanted <= UINT32_MAX));
		EXPECT(!small || value == (uint64_t)wanted);
	}
	else EXPECT(!small);
}

/* RFC 5280 4.1.2.5 by way of the C library. */
static void check_time(uint8_t tag, Slice content)
{
	int64_t seconds = 0;
	char text[16] = { 0 }, back[16];
	struct tm parts;
	time_t as_time;

	if (!der_time(tag, content, &seconds)) return;
	EXPECT(content.bytes == (tag == DER_UTC_TIME ? 13u : 15u) && (tag == DER_UTC_TIME || tag == DER_GENERALIZED_TIME));
	as_time = (time_t)seconds;
	EXPECT(gmtime_r(&as_time, &parts) != NULL);
	memcpy(text, content.data, content.bytes);
	strftime(back, sizeof back, tag == DER_UTC_TIME ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &parts);
	EXPECT(strcmp(text, back) == 0);
	EXPECT(tag == DER_UTC_TIME ? parts.tm_year >= 50 && parts.tm_year < 150 : parts.tm_year >= 150);
}

/* The same element with its length in more bytes than it takes: X.690 10.1 has it refused. */
static void check_longer_length(uint8_t tag, Slice content)
{
	for (size_t count = 1; count <= 4; count++) {
		uint8_t *longer, read;
		Slice from, again;
		if (2 + count <= header_bytes(content.bytes)) continue;
		longer = malloc(2 + count + content.bytes);
		longer[0] = tag;
		longer[1] = (uint8_t)(0x80 | count);
		for (size_t index = 0; index < count; index++) longer[2 + index] = (uint8_t)(content.bytes >> 8 * (count - 1 - index));
		if (content.bytes > 0) memcpy(longer + 2 + count, content.data, content.bytes);
		from = (Slice){ longer, 2 + count + content.bytes };
		EXPECT(!der_next(&from, &read, &again, NULL));
		free(longer);
	}
}

static void walk(Slice from, int depth)
{
	const uint8_t *end = from.data + from.bytes;

	while (from.bytes > 0) {
		Slice before = from, content, whole, taken;
		uint8_t tag;
		bool present;
		if (!der_next(&from, &tag, &content, &whole)) {
			EXPECT(from.data == before.data && from.bytes == before.bytes);
			EXPECT(!der_take(&before, before.data[0], &content));
			return;
		}
		EXPECT(whole.data == before.data && whole.bytes <= before.bytes && tag == before.data[0]);
		EXPECT(content.data + content.bytes == whole.data + whole.bytes);
		EXPECT(whole.bytes == header_bytes(content.bytes) + content.bytes);
		EXPECT(from.data == whole.data + whole.bytes && from.data + from.bytes == end);
		check_longer_length(tag, content);
		taken = before;
		EXPECT(der_take_optional(&taken, (uint8_t)(tag ^ 1), &content, &present) && !present && taken.data == before.data);
		taken = before;
		EXPECT(der_take_optional(&taken, tag, &content, &present) && present && taken.data == from.data);
		check_numbers(content);
		check_time(tag, content);
		if ((tag & 0x20) && depth < NESTED_MAX) walk(content, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	Input input = { data, bytes };
	uint8_t *copy = input_copy(input);

	walk((Slice){ copy, bytes }, 0);
	check_numbers((Slice){ copy, bytes });
	check_time(DER_UTC_TIME, (Slice){ copy, bytes });
	check_time(DER_GENERALIZED_TIME, (Slice){ copy, bytes });
	free(copy);
	return 0;
}

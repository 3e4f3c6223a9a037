/* distinguished-name.c: two names are equal exactly when their reference readings are; equal names are so both ways. */
#include "distinguished-name.h"

#include "expect.h"
#include "input.h"

enum { READING_MAX = 8192 };

typedef struct {
	uint8_t bytes[READING_MAX];
	size_t length;
	bool broken;  /* the name is no name to its end, or too long for this check */
} Reading;

static void put(Reading *reading, uint8_t byte)
{
	if (reading->length < READING_MAX) reading->bytes[reading->length++] = byte;
	else reading->broken = true;
}

static void put_length(Reading *reading, size_t length)
{
	for (int shift = 16; shift >= 0; shift -= 8) put(reading, (uint8_t)(length >> shift));
}

/* RFC 5280 7.1 in brief: letters of ASCII lowered, no blanks at the ends, one for each run of them. */
static void put_folded(Reading *reading, Slice value)
{
	size_t begin = 0, end = value.bytes, at;

	while (begin < end && value.data[begin] == ' ') begin++;
	while (end > begin && value.data[end - 1] == ' ') end--;
	for (at = begin; at < end; at++) {
		uint8_t byte = value.data[at];
		if (byte == ' ' && value.data[at - 1] == ' ') continue;
		put(reading, byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte);
	}
	put_length(reading, 0xffffff);  /* an end that no text has by chance */
}

static void read_name(Slice name, Reading *reading)
{
	while (name.bytes > 0) {
		Slice set, attribute, type, value;
		uint8_t tag;
		if (!der_take(&name, DER_SET, &set)) { reading->broken = true; return; }
		put(reading, 'S');
		while (set.bytes > 0) {
			if (!der_take(&set, DER_SEQUENCE, &attribute) || !der_take(&attribute, DER_OID, &type) || !der_next(&attribute, &tag, &value, NULL)) {
				reading->broken = true;
				return;
			}
			put(reading, 'A');
			put_length(reading, type.bytes);
			for (size_t at = 0; at < type.bytes; at++) put(reading, type.data[at]);
			put(reading, tag == DER_PRINTABLE ? DER_UTF8 : tag);
			if (tag == DER_PRINTABLE || tag == DER_UTF8 || tag == DER_IA5) put_folded(reading, value);
			else {
				put_length(reading, value.bytes);
				for (size_t at = 0; at < value.bytes; at++) put(reading, value.data[at]);
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static Reading first, second;
	Input input = { data, bytes };
	size_t length = input_number(&input, 2);
	Input left = input_piece(&input, length);
	uint8_t *a = input_copy(left), *b = input_copy(input);
	Slice slice_a = { a, left.bytes }, slice_b = { b, input.bytes };
	bool equal = distinguished_names_equal(slice_a, slice_b);

	first.length = second.length = 0;
	first.broken = second.broken = false;
	read_name(slice_a, &first);
	read_name(slice_b, &second);
	EXPECT(distinguished_names_equal(slice_a, slice_a));
	EXPECT(distinguished_names_equal(slice_b, slice_a) == equal);
	if (!first.broken && !second.broken) {
		EXPECT(equal == (first.length == second.length && memcmp(first.bytes, second.bytes, first.length) == 0));
	}
	free(a);
	free(b);
	return 0;
}

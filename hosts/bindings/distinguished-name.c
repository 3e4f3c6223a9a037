#include "distinguished-name.h"

typedef struct {
	Slice rest;
	bool begun;
} Folded;

static uint8_t lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

/* The next byte of the folded text, or -1 at its end. */
static int next(Folded *text)
{
	bool space = false;

	while (text->rest.bytes > 0 && text->rest.data[0] == ' ') {
		space = true;
		text->rest = (Slice){ text->rest.data + 1, text->rest.bytes - 1 };
	}
	if (text->rest.bytes == 0) return -1;
	if (space && text->begun) {
		text->begun = false;  /* so that the byte behind the run comes next */
		return ' ';
	}
	text->begun = true;
	text->rest = (Slice){ text->rest.data + 1, text->rest.bytes - 1 };
	return lower(text->rest.data[-1]);
}

static bool folded_equal(Slice a, Slice b)
{
	Folded left = { a, false }, right = { b, false };
	int byte;

	do {
		byte = next(&left);
		if (byte != next(&right)) return false;
	} while (byte >= 0);
	return true;
}

static bool is_directory_string(uint8_t tag)
{
	return tag == DER_PRINTABLE || tag == DER_UTF8;
}

static bool attributes_equal(Slice a, Slice b)
{
	Slice type_a, type_b, value_a, value_b;
	uint8_t tag_a, tag_b;

	if (!der_take(&a, DER_OID, &type_a) || !der_take(&b, DER_OID, &type_b) || !der_equal(type_a, type_b)) return false;
	if (!der_next(&a, &tag_a, &value_a, NULL) || !der_next(&b, &tag_b, &value_b, NULL)) return false;
	if (is_directory_string(tag_a) && is_directory_string(tag_b)) return folded_equal(value_a, value_b);
	if (tag_a != tag_b) return false;
	return tag_a == DER_IA5 ? folded_equal(value_a, value_b) : der_equal(value_a, value_b);  /* domainComponent, RFC 5280 7.3 */
}

static bool sets_equal(Slice a, Slice b)
{
	while (a.bytes > 0 && b.bytes > 0) {
		Slice attribute_a, attribute_b;
		if (!der_take(&a, DER_SEQUENCE, &attribute_a) || !der_take(&b, DER_SEQUENCE, &attribute_b)) return false;
		if (!attributes_equal(attribute_a, attribute_b)) return false;
	}
	return a.bytes == b.bytes;
}

bool distinguished_names_equal(Slice a, Slice b)
{
	if (der_equal(a, b)) return true;
	while (a.bytes > 0 && b.bytes > 0) {
		Slice set_a, set_b;
		if (!der_take(&a, DER_SET, &set_a) || !der_take(&b, DER_SET, &set_b) || !sets_equal(set_a, set_b)) return false;
	}
	return a.bytes == b.bytes;
}

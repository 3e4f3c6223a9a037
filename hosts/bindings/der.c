#include "der.h"

#include <string.h>

bool der_next(Slice *from, uint8_t *tag, Slice *content, Slice *whole)
{
	const uint8_t *data = from->data;
	size_t left = from->bytes, length, header = 2;

	if (left < 2 || (data[0] & 0x1f) == 0x1f) return false;
	length = data[1];
	if (length & 0x80) {
		size_t count = length & 0x7f;
		if (count == 0 || count > 3 || left < 2 + count || data[2] == 0) return false;
		length = 0;
		for (size_t index = 0; index < count; index++) length = length << 8 | data[2 + index];
		if (length < 0x80) return false;
		header += count;
	}
	if (length > left - header) return false;
	*tag = data[0];
	*content = (Slice){ data + header, length };
	if (whole) *whole = (Slice){ data, header + length };
	*from = (Slice){ data + header + length, left - header - length };
	return true;
}

bool der_take(Slice *from, uint8_t tag, Slice *content)
{
	uint8_t found;

	return der_next(from, &found, content, NULL) && found == tag;
}

bool der_take_optional(Slice *from, uint8_t tag, Slice *content, bool *present)
{
	*present = from->bytes > 0 && from->data[0] == tag;
	return !*present || der_take(from, tag, content);
}

bool der_is(Slice slice, const void *expected, size_t bytes)
{
	return slice.bytes == bytes && memcmp(slice.data, expected, bytes) == 0;
}

bool der_equal(Slice a, Slice b)
{
	return der_is(a, b.data, b.bytes);
}

bool der_integer_is_canonical(Slice content)
{
	if (content.bytes == 0) return false;
	if (content.bytes == 1) return true;
	return !(content.data[0] == 0 && content.data[1] < 0x80) && !(content.data[0] == 0xff && content.data[1] >= 0x80);
}

bool der_small_integer(Slice content, uint32_t *value)
{
	if (!der_integer_is_canonical(content) || content.data[0] >= 0x80 || content.bytes > 5) return false;
	if (content.bytes == 5 && content.data[0] != 0) return false;
	*value = 0;
	for (size_t index = 0; index < content.bytes; index++) *value = *value << 8 | content.data[index];
	return true;
}

static bool two_digits(const uint8_t *text, int *value)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') return false;
	*value = (text[0] - '0') * 10 + text[1] - '0';
	return true;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, of years from 0. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t shifted = year - (month <= 2), era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

bool der_time(uint8_t tag, Slice content, int64_t *unix_seconds)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const uint8_t *text = content.data;
	int century, year, month, day, hour, minute, second;
	bool leap;

	if (tag == DER_UTC_TIME) {
		if (content.bytes != 13 || !two_digits(text, &year)) return false;
		year += year < 50 ? 2000 : 1900;
		text += 2;
	} else {
		if (tag != DER_GENERALIZED_TIME || content.bytes != 15 || !two_digits(text, &century) || !two_digits(text + 2, &year)) return false;
		year += century * 100;
		if (year < 2050) return false;  /* RFC 5280 4.1.2.5: dates through 2049 are UTCTime */
		text += 4;
	}
	if (!two_digits(text, &month) || !two_digits(text + 2, &day) || !two_digits(text + 4, &hour) || !two_digits(text + 6, &minute) ||
		!two_digits(text + 8, &second) || text[10] != 'Z') return false;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (month < 1 || month > 12 || day < 1 || day > days[month - 1] + (month == 2 && leap)) return false;
	if (hour > 23 || minute > 59 || second > 59) return false;
	*unix_seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

/*
 * Reading DER (X.690), strictly: definite, shortest lengths, tag numbers below 31. Slices point into the caller's
 * bytes; nothing is copied and nothing is read past their end.
 */
#ifndef LATCHKEY_DER_H
#define LATCHKEY_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	const uint8_t *data;
	size_t bytes;
} Slice;

enum {
	DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_OCTET_STRING = 0x04, DER_NULL = 0x05, DER_OID = 0x06,
	DER_UTF8 = 0x0c, DER_PRINTABLE = 0x13, DER_IA5 = 0x16, DER_UTC_TIME = 0x17, DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30, DER_SET = 0x31, DER_CONTEXT = 0x80, DER_CONTEXT_CONSTRUCTED = 0xa0,
};

/* Takes one element off the front of `from`: its tag, its content, and (where whole is not NULL) all its bytes. */
bool der_next(Slice *from, uint8_t *tag, Slice *content, Slice *whole);
/* The same for an element that must have this tag. */
bool der_take(Slice *from, uint8_t tag, Slice *content);
/* The same for an element that may be there; *present says. False only for broken DER. */
bool der_take_optional(Slice *from, uint8_t tag, Slice *content, bool *present);
bool der_is(Slice slice, const void *expected, size_t bytes);
bool der_equal(Slice a, Slice b);
/* The content of an INTEGER: shortest form. */
bool der_integer_is_canonical(Slice content);
/* The content of an INTEGER that is not negative, at most 32 bits. */
bool der_small_integer(Slice content, uint32_t *value);
/* UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 narrows them, as seconds since 1970. */
bool der_time(uint8_t tag, Slice content, int64_t *unix_seconds);

#endif

#include "check.h"

#include <math.h>
#include <string.h>

bool lk_given(xsMachine *the, int index)
{
	return index < xsmcArgc && xsmcTypeOf(xsArg(index)) != xsUndefinedType;
}

bool lk_is_bytes(xsMachine *the, int index)
{
	if (!lk_given(the, index) || xsmcTypeOf(xsArg(index)) != xsReferenceType) return false;
	return xsmcIsInstanceOf(xsArg(index), xsTypedArrayPrototype) || xsmcIsInstanceOf(xsArg(index), xsArrayBufferPrototype);
}

static LkSpan span(xsMachine *the, int index, bool writable)
{
	void *data = NULL;
	xsUnsignedValue bytes = 0;

	/* A host object is no buffer here, though XS 13 would take one: its data is a handle, not memory. */
	if (!lk_is_bytes(the, index)) xsTypeError("argument %d: no bytes", index);
	if (writable) xsmcGetBufferWritable(xsArg(index), &data, &bytes);
	else xsmcGetBufferReadable(xsArg(index), &data, &bytes);
	return (LkSpan){ data, bytes };
}

LkSpan lk_bytes(xsMachine *the, int index, size_t minimum, size_t maximum)
{
	LkSpan found = span(the, index, false);

	if (found.bytes < minimum || found.bytes > maximum) xsRangeError("argument %d: wrong length", index);
	return found;
}

uint8_t *lk_output(xsMachine *the, int index, size_t bytes)
{
	LkSpan found = span(the, index, true);

	if (found.bytes != bytes) xsRangeError("argument %d: wrong length", index);
	return found.data;
}

double lk_number(xsMachine *the, int index, double minimum, double maximum)
{
	double number;

	if (!lk_given(the, index)) xsTypeError("argument %d: missing", index);
	if (xsmcTypeOf(xsArg(index)) != xsIntegerType && xsmcTypeOf(xsArg(index)) != xsNumberType) {
		xsTypeError("argument %d: no number", index);
	}
	number = xsmcToNumber(xsArg(index));
	/* Written so that NaN fails. */
	if (!(number >= minimum && number <= maximum) || number != floor(number)) xsRangeError("argument %d: out of range", index);
	return number;
}

void lk_text(xsMachine *the, int index, char *text, size_t size)
{
	const char *string;
	size_t bytes;

	if (!lk_given(the, index)) xsTypeError("argument %d: missing", index);
	if (xsmcTypeOf(xsArg(index)) != xsStringType && xsmcTypeOf(xsArg(index)) != xsStringXType) {
		xsTypeError("argument %d: no text", index);
	}
	string = xsmcToString(xsArg(index));
	bytes = strlen(string);  /* the engine writes an inner U+0000 as C0 80, which no reader here accepts */
	if (bytes == 0 || bytes >= size) xsRangeError("argument %d: wrong length", index);
	memcpy(text, string, bytes + 1);
}

void lk_fault(xsMachine *the, const char *code)
{
	xsmcSetString(xsResult, (xsStringValue)code);
}

void lk_wipe(void *memory, size_t bytes)
{
	static void *(*const volatile fill)(void *, int, size_t) = memset;

	if (bytes > 0) fill(memory, 0, bytes);
}

bool lk_equal(const uint8_t *a, const uint8_t *b, size_t bytes)
{
	volatile uint8_t difference = 0;

	for (size_t index = 0; index < bytes; index++) difference |= a[index] ^ b[index];
	return difference == 0;
}

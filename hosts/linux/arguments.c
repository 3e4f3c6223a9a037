#include "xsmc.h"

#include "arguments.h"

bool argument_given(xsMachine *the, int index)
{
	return index < (int)xsmcArgc && xsmcTypeOf(xsArg(index)) != xsUndefinedType;
}

uint32_t number_argument(xsMachine *the, int index, uint32_t maximum)
{
	double value = -1;

	if (argument_given(the, index)) {
		int type = xsmcTypeOf(xsArg(index));
		if (type == xsIntegerType || type == xsNumberType) value = xsmcToNumber(xsArg(index));
	}
	if (!(value >= 0 && value <= (double)maximum) || value != (double)(uint32_t)value) xsRangeError("argument %d is no number in range", index);
	return (uint32_t)value;
}

void string_argument(xsMachine *the, int index, char *buffer, size_t bytes)
{
	int type = argument_given(the, index) ? (int)xsmcTypeOf(xsArg(index)) : (int)xsUndefinedType;
	const char *text;

	if (type != xsStringType && type != xsStringXType) xsTypeError("argument %d is no string", index);
	text = xsmcToString(xsArg(index));
	if (strlen(text) >= bytes) xsRangeError("argument %d is too long", index);
	strcpy(buffer, text);
}

void buffer_argument(xsMachine *the, int index, void **data, uint32_t *bytes)
{
	xsUnsignedValue count = 0;

	if (!argument_given(the, index) || xsmcTypeOf(xsArg(index)) != xsReferenceType) xsTypeError("argument %d is no buffer", index);
	xsmcGetBufferReadable(xsArg(index), data, &count);
	*bytes = count;
}

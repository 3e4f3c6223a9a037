/* Arguments of natives, checked once: `undefined` is missing, and a number that is none is a TypeError. */
#ifndef LATCHKEY_ARGUMENTS_H
#define LATCHKEY_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "xs.h"

bool argument_given(xsMachine *the, int index);
/* An integer of 0 .. maximum; throws RangeError for anything else. */
uint32_t number_argument(xsMachine *the, int index, uint32_t maximum);
/* A string that fits, with its zero; throws TypeError or RangeError. */
void string_argument(xsMachine *the, int index, char *buffer, size_t bytes);
/* The bytes of an ArrayBuffer or a view of one; the pointer holds until anything allocates. */
void buffer_argument(xsMachine *the, int index, void **data, uint32_t *bytes);

#endif

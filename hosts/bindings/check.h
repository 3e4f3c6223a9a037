/*
 * The checks of native arguments, each written once. A wrong argument is a programmer's error: these throw past
 * every handler. What can go wrong in the field is returned to TypeScript as a DeviceErrorCode (lk_fault).
 *
 * Pointers into buffers move when the engine allocates: a native takes them last, and allocates nothing while it
 * holds them. Results are written into buffers that the TypeScript side made.
 */
#ifndef LATCHKEY_CHECK_H
#define LATCHKEY_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xsmc.h"

typedef struct {
	uint8_t *data;
	size_t bytes;
} LkSpan;

/* False for undefined and for an argument that was not passed. */
bool lk_given(xsMachine *the, int index);
/* True for a Uint8Array or ArrayBuffer, false for anything else; never throws. */
bool lk_is_bytes(xsMachine *the, int index);
/* A readable buffer of minimum to maximum bytes. */
LkSpan lk_bytes(xsMachine *the, int index, size_t minimum, size_t maximum);
/* A writable buffer of exactly that many bytes. */
uint8_t *lk_output(xsMachine *the, int index, size_t bytes);
/* An integer within [minimum, maximum], both within +-2^53. */
double lk_number(xsMachine *the, int index, double minimum, double maximum);
/* Text of 1 to size - 1 bytes without NUL, copied. */
void lk_text(xsMachine *the, int index, char *text, size_t size);

/* Puts a DeviceErrorCode (modules/base/device-error.ts) into xsResult. */
void lk_fault(xsMachine *the, const char *code);

/* Overwrites memory in a way that no compiler removes. NULL with 0 bytes is fine. */
void lk_wipe(void *memory, size_t bytes);
/* Compares without a branch on the content. */
bool lk_equal(const uint8_t *a, const uint8_t *b, size_t bytes);

#endif

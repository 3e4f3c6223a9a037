/*
 * A stand-in for the engine's C interface, as much of it as the bindings use: values are plain structures, a buffer is
 * memory of exactly its size, throwing is a longjmp to whoever called the native. It lets libFuzzer call natives with any
 * arguments, a million times a minute, every access checked. What it does on a wrong index, object or validator is what
 * XS 13.3 does (xsAPI.c).
 */
#ifndef LATCHKEY_FUZZ_XSMC_H
#define LATCHKEY_FUZZ_XSMC_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	xsUndefinedType, xsNullType, xsBooleanType, xsIntegerType, xsNumberType, xsStringType, xsStringXType, xsReferenceType,
};
typedef int xsIntegerValue;
typedef uint32_t xsUnsignedValue;
typedef char *xsStringValue;
typedef int xsType;

typedef struct FakeObject {
	enum { FAKE_PLAIN, FAKE_BYTES, FAKE_HOST, FAKE_FUNCTION } kind;
	/* Bytes: a Uint8Array or ArrayBuffer; its memory moves when something allocates. */
	uint8_t *data;
	size_t bytes;
	bool read_only;
	/* Host object. */
	void *host;
	void *destructor;
	/* Function: called with the arguments of xsCallFunction2. */
	void (*call)(void *context, int event, const char *text);
	void *context;
} FakeObject;

typedef struct {
	xsType type;
	double number;
	char *text;
	FakeObject *object;
} xsSlot;

typedef struct {
	xsSlot arguments[8], variables[8], result;
	int argument_count;
	jmp_buf thrown;
	bool can_throw;
	unsigned remembered;
	unsigned collections;
} xsMachine;

enum { xsTypedArrayPrototype, xsArrayBufferPrototype };

xsSlot *fake_argument(xsMachine *the, int index);
_Noreturn void fake_throw(xsMachine *the);
void *fake_host_data(xsMachine *the, const xsSlot *slot, void *validator);
void fake_set_host_data(xsMachine *the, const xsSlot *slot, void *data);
void fake_buffer(xsMachine *the, const xsSlot *slot, bool writable, void **data, xsUnsignedValue *bytes);
void fake_call(const xsSlot *function, const xsSlot *event, const xsSlot *text);
void fake_collect(xsMachine *the);

#define xsmcArgc (the->argument_count)
#define xsArg(index) (*fake_argument(the, index))
#define xsVar(index) (the->variables[index])
#define xsResult (the->result)
#define xsUndefined ((xsSlot){ 0 })
#define xsmcTypeOf(slot) ((slot).type)
#define xsmcIsInstanceOf(slot, prototype) ((slot).object->kind == FAKE_BYTES && (prototype) == xsTypedArrayPrototype)
#define xsmcIsCallable(slot) ((slot).type == xsReferenceType && (slot).object->kind == FAKE_FUNCTION)
#define xsmcGetBufferReadable(slot, data, bytes) fake_buffer(the, &(slot), false, data, bytes)
#define xsmcGetBufferWritable(slot, data, bytes) fake_buffer(the, &(slot), true, data, bytes)
#define xsmcToNumber(slot) ((slot).number)
#define xsmcToString(slot) ((slot).text)
#define xsmcSetInteger(slot, value) ((slot) = (xsSlot){ .type = xsIntegerType, .number = (value) })
#define xsmcSetNumber(slot, value) ((slot) = (xsSlot){ .type = xsNumberType, .number = (value) })
#define xsmcSetBoolean(slot, value) ((slot) = (xsSlot){ .type = xsBooleanType, .number = (value) })
#define xsmcSetTrue(slot) xsmcSetBoolean(slot, 1)
#define xsmcSetFalse(slot) xsmcSetBoolean(slot, 0)
#define xsmcSetString(slot, value) ((slot) = (xsSlot){ .type = xsStringType, .text = (value) })
#define xsmcGetHostDataValidate(slot, validator) fake_host_data(the, &(slot), (void *)(validator))
#define xsmcSetHostData(slot, data) fake_set_host_data(the, &(slot), data)
#define xsmcVars(count) ((void)(count))
#define xsTypeError(...) fake_throw(the)
#define xsRangeError(...) fake_throw(the)
#define xsUnknownError(...) fake_throw(the)
#define xsCollectGarbage() fake_collect(the)
#define xsBeginHost(machine) do { xsMachine *the = (machine)
#define xsEndHost(machine) } while (0)
#define xsAccess(slot) (slot)
#define xsRemember(slot) ((void)(slot), the->remembered++)
#define xsForget(slot) ((void)(slot), the->remembered--)
#define xsCallFunction2(function, self, event, text) fake_call(&(function), &(event), &(text))

/* ---- for targets ---- */

typedef void (*FakeNative)(xsMachine *the);
/* False when it threw. The result is in the->result. */
bool fake_run(xsMachine *the, FakeNative native);
xsSlot fake_number(double number);
xsSlot fake_text(const char *text);
/* The object is the caller's, to be freed by fake_free, which runs a host object's destructor as the collector does. */
xsSlot fake_bytes(const uint8_t *data, size_t bytes);
xsSlot fake_host(void *destructor);
xsSlot fake_function(void (*call)(void *context, int event, const char *text), void *context);
void fake_free(xsSlot *slot);

#endif

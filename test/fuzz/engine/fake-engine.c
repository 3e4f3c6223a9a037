#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../expect.h"
#include "xsmc.h"

xsSlot *fake_argument(xsMachine *the, int index)
{
	if (index < 0 || index >= the->argument_count) fake_throw(the);
	return &the->arguments[index];
}

void fake_throw(xsMachine *the)
{
	EXPECT(the->can_throw);  /* a callback of the event loop has nobody above it who catches */
	longjmp(the->thrown, 1);
}

static FakeObject *host_of(xsMachine *the, const xsSlot *slot)
{
	if (slot->type != xsReferenceType || slot->object->kind != FAKE_HOST) fake_throw(the);
	return slot->object;
}

void *fake_host_data(xsMachine *the, const xsSlot *slot, void *validator)
{
	FakeObject *object = host_of(the, slot);

	if (object->destructor != validator) fake_throw(the);
	return object->host;
}

void fake_set_host_data(xsMachine *the, const xsSlot *slot, void *data)
{
	host_of(the, slot)->host = data;
}

void fake_buffer(xsMachine *the, const xsSlot *slot, bool writable, void **data, xsUnsignedValue *bytes)
{
	if (writable && slot->object->read_only) fake_throw(the);
	*data = slot->object->data;
	*bytes = (xsUnsignedValue)slot->object->bytes;
}

void fake_call(const xsSlot *function, const xsSlot *event, const xsSlot *text)
{
	EXPECT(function->type == xsReferenceType && function->object->kind == FAKE_FUNCTION);
	function->object->call(function->object->context, (int)event->number, text->type == xsStringType ? text->text : NULL);
}

/* Moves every buffer, as a collection may: a pointer that was taken before is dead. */
void fake_collect(xsMachine *the)
{
	the->collections++;
	for (int index = 0; index < the->argument_count; index++) {
		xsSlot *slot = &the->arguments[index];
		uint8_t *moved;
		if (slot->type != xsReferenceType || slot->object->kind != FAKE_BYTES) continue;
		moved = malloc(slot->object->bytes > 0 ? slot->object->bytes : 1);
		memcpy(moved, slot->object->data, slot->object->bytes);
		free(slot->object->data);
		slot->object->data = moved;
	}
}

bool fake_run(xsMachine *the, FakeNative native)
{
	bool done = false;

	the->result = (xsSlot){ 0 };
	memset(the->variables, 0, sizeof the->variables);
	the->can_throw = true;
	if (setjmp(the->thrown) == 0) {
		native(the);
		done = true;
	}
	the->can_throw = false;
	return done;
}

xsSlot fake_number(double number)
{
	return (xsSlot){ .type = fabs(number) < 2147483648.0 && number == (int)number ? xsIntegerType : xsNumberType, .number = number };
}

xsSlot fake_text(const char *text)
{
	return (xsSlot){ .type = xsStringType, .text = (char *)(uintptr_t)text };
}

static xsSlot object_of(FakeObject wanted)
{
	FakeObject *object = malloc(sizeof *object);

	*object = wanted;
	return (xsSlot){ .type = xsReferenceType, .object = object };
}

xsSlot fake_bytes(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = malloc(bytes > 0 ? bytes : 1);

	if (data && bytes > 0) memcpy(copy, data, bytes);
	else memset(copy, 0, bytes);
	return object_of((FakeObject){ .kind = FAKE_BYTES, .data = copy, .bytes = bytes });
}

xsSlot fake_host(void *destructor)
{
	return object_of((FakeObject){ .kind = FAKE_HOST, .destructor = destructor });
}

xsSlot fake_function(void (*call)(void *context, int event, const char *text), void *context)
{
	return object_of((FakeObject){ .kind = FAKE_FUNCTION, .call = call, .context = context });
}

void fake_free(xsSlot *slot)
{
	if (slot->type != xsReferenceType) return;
	if (slot->object->kind == FAKE_HOST && slot->object->destructor) ((void (*)(void *))slot->object->destructor)(slot->object->host);
	free(slot->object->data);
	free(slot->object);
	*slot = (xsSlot){ 0 };
}

/* Digital pins for JavaScript; digital.ts is their class, pins.c what is behind. */
#include "xsmc.h"

#include "check.h"
#include "mc.xs.h"
#include "pins.h"

enum { MODE_INPUT = 0, MODE_INPUT_PULL_UP = 1, MODE_OUTPUT = 8, MODE_OUTPUT_OPEN_DRAIN = 9 };
enum { EDGE_RISING = 1, EDGE_FALLING = 2 };

typedef struct {
	xsMachine *the;
	uint32_t pin;
	bool open, output, active_low;
	int edges;
	xsSlot callback;  /* remembered while edges are watched */
} Digital;

static void release(xsMachine *the, Digital *digital)
{
	if (!digital->open) return;
	digital->open = false;
	pins_close(digital->pin);
	if (digital->edges && the) xsForget(digital->callback);
}

/* A watched pin is kept alive by its callback, which refers to it: what is collected watches nothing. */
void xs_digital_destructor(void *data)
{
	if (data) release(NULL, data);
	free(data);
}

static void changed(void *context, bool level)
{
	Digital *digital = context;

	if (!(digital->edges & (level != digital->active_low ? EDGE_RISING : EDGE_FALLING))) return;
	xsBeginHost(digital->the);
	{
		xsmcVars(1);
		xsVar(0) = xsAccess(digital->callback);
		xsCallFunction0(xsVar(0), xsUndefined);
	}
	xsEndHost(digital->the);
}

static PinUse use_of_mode(xsMachine *the, uint32_t mode)
{
	switch (mode) {
	case MODE_INPUT: return PIN_INPUT;
	case MODE_INPUT_PULL_UP: return PIN_INPUT_PULL_UP;
	case MODE_OUTPUT:
	case MODE_OUTPUT_OPEN_DRAIN: return PIN_OUTPUT;
	default: xsRangeError("digital: mode"); return PIN_FREE;
	}
}

/* this: the new Digital; (pin, mode, activeLow, initialValue, edges, callback) */
void xs_digital_open(xsMachine *the)
{
	uint32_t pin = (uint32_t)lk_number(the, 0, 0, PINS_MAX - 1);
	PinUse use = use_of_mode(the, (uint32_t)lk_number(the, 1, 0, 255));
	bool active_low = xsmcToBoolean(xsArg(2)), value = lk_number(the, 3, 0, 1) != 0;
	int edges = (int)lk_number(the, 4, 0, EDGE_RISING | EDGE_FALLING);
	Digital *digital;

	if (edges && (use == PIN_OUTPUT || !xsmcIsCallable(xsArg(5)))) xsTypeError("digital: edges need an input and onReadable");
	digital = calloc(1, sizeof *digital);
	if (!digital) xsUnknownError("digital: no memory");
	xsmcSetHostData(xsThis, digital);
	digital->the = the;
	digital->pin = pin;
	digital->output = use == PIN_OUTPUT;
	digital->active_low = active_low;
	if (!pins_open(pin, use, value != active_low)) xsRangeError("digital: pin %d is in use", (int)pin);
	digital->open = true;
	if (!edges) return;
	digital->edges = edges;
	digital->callback = xsArg(5);
	xsRemember(digital->callback);
	pins_listen(pin, changed, digital);
}

static Digital *open_digital(xsMachine *the)
{
	Digital *digital = xsmcGetHostDataValidate(xsThis, xs_digital_destructor);

	if (!digital || !digital->open) xsUnknownError("digital: closed");
	return digital;
}

void xs_digital_read(xsMachine *the)
{
	Digital *digital = open_digital(the);

	xsmcSetInteger(xsResult, pins_read(digital->pin) != digital->active_low);
}

/* (0 or 1) */
void xs_digital_write(xsMachine *the)
{
	Digital *digital = open_digital(the);
	bool value = lk_number(the, 0, 0, 1) != 0;

	if (!digital->output) xsUnknownError("digital: an input");
	pins_write(digital->pin, value != digital->active_low);
}

/* Idempotent. */
void xs_digital_close(xsMachine *the)
{
	Digital *digital = xsmcGetHostDataValidate(xsThis, xs_digital_destructor);

	if (digital) release(the, digital);
}

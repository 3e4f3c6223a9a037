/*
 * The outputs that move the bolt, for drive.ts (DESIGN 10). Energising arms a native timer off the engine's thread,
 * then raises the pin; whatever JavaScript does after that, the timer cuts it. A halt of any kind cuts first.
 *
 *            energise                    (arm, raise)
 *   OFF ----------------> RAISING ---------------------> ON
 *    ^                       |  deadline: cut, look again  |
 *    +------ cut, halt ------+------- deadline, cut -------+
 *
 * While RAISING the engine's thread may be about to raise the pin, so a timer that fires then cuts and comes back a
 * millisecond later. JavaScript may cut earlier and never extends: energising again keeps the earlier deadline.
 */
#include <stdatomic.h>

#include "check.h"
#include "port.h"

enum { THROW, RETRACT, BRAKE, ROLES };
enum { MAXIMUM_MS = 10000, RAISING_AGAIN_US = 1000 };
enum { OFF, RAISING, ON, PHASES };

typedef struct {
	uint32_t pin;
	atomic_uint state;  /* phase + PHASES * number of the energising, so that a late timer cannot end a later one */
	atomic_bool cut;  /* set by whoever cuts while RAISING */
	uint64_t deadline_us;  /* of the engine's thread */
} Output;

static Output outputs[ROLES];
static bool opened;
static atomic_bool halted;

void xs_lk_drive_open(xsMachine *the);
void xs_lk_drive_energise(xsMachine *the);
void xs_lk_drive_cut(xsMachine *the);

static unsigned phase_of(Output *output)
{
	return atomic_load(&output->state) % PHASES;
}

/* The engine's thread only. */
static void set_phase(Output *output, unsigned phase)
{
	unsigned state = atomic_load(&output->state);
	unsigned number = phase == RAISING ? state / PHASES + 1 : state / PHASES;

	atomic_store(&output->state, number % (UINT32_MAX / PHASES) * PHASES + phase);
}

/* ---- cutting: the timer's thread, a signal handler, or the engine's thread ---- */

PORT_CUT_CODE static void deadline_passed(uint32_t slot)
{
	Output *output = &outputs[slot];
	unsigned state = atomic_load(&output->state);

	port_pin_write(output->pin, false);
	if (state % PHASES == RAISING) {
		atomic_store(&output->cut, true);
		port_cut_timer_arm(slot, port_monotonic_us() + RAISING_AGAIN_US, deadline_passed);
		return;
	}
	atomic_compare_exchange_strong(&output->state, &state, state - state % PHASES + OFF);
}

PORT_CUT_CODE static void halt(void)
{
	atomic_store(&halted, true);
	for (int role = 0; role < ROLES; role++) port_pin_write(outputs[role].pin, false);
}

static void cut(uint32_t slot)
{
	port_pin_write(outputs[slot].pin, false);
	port_cut_timer_disarm(slot);
	set_phase(&outputs[slot], OFF);
}

/* ---- natives ---- */

/* (throwPin, retractPin, brakePin): once */
void xs_lk_drive_open(xsMachine *the)
{
	if (opened) xsUnknownError("drive: open");
	for (int role = 0; role < ROLES; role++) outputs[role].pin = (uint32_t)lk_number(the, role, 0, 4294967295.0);
	for (int role = 0; role < ROLES; role++) {
		if (!port_pin_write(outputs[role].pin, false)) {
			lk_fault(the, "pin/invalid");
			return;
		}
	}
	opened = true;
	port_on_halt(halt);
}

/* (role, maximumMs) */
void xs_lk_drive_energise(xsMachine *the)
{
	uint32_t slot = (uint32_t)lk_number(the, 0, 0, ROLES - 1);
	uint64_t deadline_us = port_monotonic_us() + (uint64_t)lk_number(the, 1, 1, MAXIMUM_MS) * 1000u;
	Output *output = &outputs[slot];
	bool opposed = (slot == THROW && phase_of(&outputs[RETRACT]) != OFF) ||
		(slot == RETRACT && phase_of(&outputs[THROW]) != OFF);

	if (!opened || opposed || atomic_load(&halted)) {
		lk_fault(the, "pin/invalid");
		return;
	}
	if (phase_of(output) == ON && deadline_us >= output->deadline_us) return;
	output->deadline_us = deadline_us;
	atomic_store(&output->cut, false);
	set_phase(output, RAISING);
	if (!port_cut_timer_arm(slot, deadline_us, deadline_passed) || !port_pin_write(output->pin, true)) {
		cut(slot);
		lk_fault(the, "pin/invalid");
		return;
	}
	set_phase(output, ON);
	/* A deadline or a halt that came while this thread was raising the pin. */
	if (atomic_load(&output->cut) || atomic_load(&halted)) cut(slot);
}

/* (role). Idempotent. */
void xs_lk_drive_cut(xsMachine *the)
{
	uint32_t slot = (uint32_t)lk_number(the, 0, 0, ROLES - 1);

	if (opened) cut(slot);
}

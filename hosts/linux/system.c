/* The machine itself, for JavaScript: log, reboot, settings, heap. system.ts is its class. */
#include "xsmc.h"

#include <malloc.h>

#include "board.h"
#include "check.h"
#include "engine.h"
#include "fatal.h"
#include "fault.h"
#include "files.h"
#include "mc.xs.h"
#include "port.h"
#include "system.h"

/* (line) */
void xs_system_log(xsMachine *the)
{
	port_log(xsmcToString(xsArg(0)));
}

void xs_system_reboot(xsMachine *the)
{
	(void)the;
	port_log("reboot");
	halt(EXIT_REBOOT);
}

void xs_system_reset_reason(xsMachine *the)
{
	xsmcSetString(xsResult, (xsStringValue)board.reset_reason);
}

/* Undefined when there is none. */
void xs_system_last_fault(xsMachine *the)
{
	const char *last = fault_last();

	if (last) xsmcSetString(xsResult, (xsStringValue)last);
	else xsmcSetUndefined(xsResult);
}

void xs_system_forget_fault(xsMachine *the)
{
	(void)the;
	fault_forget();
}

/* Collects. */
void xs_system_free_bytes(xsMachine *the)
{
	xsmcSetNumber(xsResult, engine_free_bytes(the));
}

void xs_system_least_free_bytes(xsMachine *the)
{
	xsmcSetNumber(xsResult, engine_least_free_bytes());
}

void xs_system_build_unix_ms(xsMachine *the)
{
	xsmcSetNumber(xsResult, (double)board.build_unix_ms);
}

/* (key): the value of --arg key=value, or undefined */
void xs_system_argument(xsMachine *the)
{
	char key[64];

	lk_text(the, 0, key, sizeof key);
	for (int index = 0; index < board.argument_count; index++) {
		size_t length = strlen(key);
		if (strncmp(board.arguments[index], key, length) != 0 || board.arguments[index][length] != '=') continue;
		xsmcSetString(xsResult, (xsStringValue)(board.arguments[index] + length + 1));
		return;
	}
}

static void set_number(xsMachine *the, xsIdentifier id, uint32_t value)
{
	xsmcSetNumber(xsVar(0), value);
	xsmcSet(xsResult, id, xsVar(0));
}

/* Collects, then measures; bytes. */
void xs_system_heap_report(xsMachine *the)
{
	EngineReport report;

	engine_report(the, &report);
	xsmcVars(1);
	xsmcSetNewObject(xsResult);
	set_number(the, xsID_slots, report.slots);
	set_number(the, xsID_chunks, report.chunks);
	set_number(the, xsID_stackPeak, report.stack_peak);
	set_number(the, xsID_stackSize, report.stack_size);
	set_number(the, xsID_tables, report.tables);
	set_number(the, xsID_aliases, report.aliases);
	set_number(the, xsID_frozen, report.frozen_slots);
	set_number(the, xsID_heapSize, report.heap_size);
	set_number(the, xsID_slotBytes, report.slot_bytes);
}

/* Byte codes run so far, modulo 2^32; undefined in a build without the meter. */
void xs_system_meter(xsMachine *the)
{
#ifdef mxMetering
	xsmcSetNumber(xsResult, engine_meter(the));
#else
	xsmcSetUndefined(xsResult);
#endif
}

#ifdef mxMetering

static uint32_t turn_start, turn_longest;

/* Between two turns no byte code runs. */
void system_turn_ended(xsMachine *the)
{
	uint32_t now = engine_meter(the);

	if (now - turn_start > turn_longest) turn_longest = now - turn_start;
	turn_start = now;
}

static void print_turn(void)
{
	char line[48];

	snprintf(line, sizeof line, "turn longest %u", turn_longest);
	port_log(line);
	turn_longest = 0;
}

#else

void system_turn_ended(xsMachine *the)
{
	(void)the;
}

static void print_turn(void) { }

#endif

void system_print_arena(xsMachine *the)
{
	EngineReport report;
	char line[96];

	engine_report(the, &report);
	snprintf(line, sizeof line, "arena %p %lu", report.arena, (unsigned long)report.heap_size);
	port_log(line);
}

void system_print_heap(void *context)
{
	EngineReport report;
	struct mallinfo2 heap;
	char line[256];

	(void)context;
	engine_report(engine_machine(), &report);
	snprintf(line, sizeof line, "heap slots %u chunks %u stack-peak %u stack-size %u tables %u aliases %u frozen %u size %u slot %u",
		report.slots, report.chunks, report.stack_peak, report.stack_size, report.tables, report.aliases,
		report.frozen_slots, report.heap_size, report.slot_bytes);
	port_log(line);
	/* Behind the collection: what belonged to objects that are gone is freed. */
	heap = mallinfo2();
	snprintf(line, sizeof line, "process malloc %zu keys %u", heap.uordblks + heap.hblkhd, report.keys);
	port_log(line);
	snprintf(line, sizeof line, "flash written %llu", (unsigned long long)files_bytes_written());
	port_log(line);
	print_turn();
}

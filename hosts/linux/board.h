/* What the command line says about this board. */
#ifndef LATCHKEY_BOARD_H
#define LATCHKEY_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BOARD_ARGUMENTS_MAX = 32 };

/* What images for this machine are built for. */
#define BOARD_NAME "linux"

typedef struct {
	const char *image, *recovery, *main_module, *state, *pins, *serial, *clock, *reset_reason;
	size_t heap_kb;
	uint32_t stack_slots, pins_wait_ms;
	uint32_t slot_bytes;  /* 0: no slots, the image runs from its file */
	uint32_t watchdog_ms, trial_ms;
	bool stress, plain, report_heap, flash;
	const char *arguments[BOARD_ARGUMENTS_MAX];  /* key=value, for the firmware */
	int argument_count;
	uint64_t build_unix_ms;
	unsigned long parent;  /* the process to end with; 0: none */
} Board;

extern Board board;

/* Fills `board`. On a bad command line says what, in one line, and exits with EXIT_ARGUMENTS. */
void board_parse(int argc, char *argv[]);

#endif

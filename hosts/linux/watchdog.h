/*
 * The board's watchdog: a thread of its own that cuts the outputs and ends the board with EXIT_WATCHDOG when one turn of the
 * engine's thread lasts too long, whatever it does, or when a trial was not confirmed in time. Waiting for events is no turn.
 */
#ifndef LATCHKEY_WATCHDOG_H
#define LATCHKEY_WATCHDOG_H

#include <stdint.h>

/* Starts the boot's turn, which may last WATCHDOG_BOOT_TURNS times as long as the others. 0: turns are not watched. */
void watchdog_start(uint32_t turn_ms);
enum { WATCHDOG_BOOT_TURNS = 4 };

/* The engine's thread: a turn begins, which ends the one before; or it waits. */
void watchdog_turn(void);
void watchdog_wait(void);

/* From now on. Once. */
void watchdog_trial(uint32_t deadline_ms);
/* Idempotent. */
void watchdog_trial_passed(void);
/* The board's time jumped (virtual-time.h), and with it a trial comes nearer to its deadline. */
void watchdog_clock_jumped(void);

#endif

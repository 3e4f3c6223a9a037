/*
 * The ends of a board. Whatever ends it, the halt callback (outputs cut) runs first. The exit code is the
 * "reset reason" that a supervisor reads:
 *
 *   0  asked to stop (SIGTERM, SIGINT)       66  JavaScript or C stack overflow
 *   2  bad arguments                         69  exception that nobody caught
 *   3  the board cannot start (image, state) 70  no more property keys
 *  80  the firmware asked for a reboot       72  promise rejected without a handler
 *  65  heap exhausted                       81  the watchdog: a turn that does not end, or a trial
 */
#ifndef LATCHKEY_FATAL_H
#define LATCHKEY_FATAL_H

enum {
	EXIT_STOPPED = 0,
	EXIT_ARGUMENTS = 2,
	EXIT_START = 3,
	EXIT_ABORT = 64,  /* plus the engine's abort status */
	EXIT_REBOOT = 80,
	EXIT_WATCHDOG = 81,
};

/* Runs the halt callback, which is idempotent. Any thread; async-signal-safe. */
void halt_outputs(void);
/* Cuts, then leaves without unwinding. Any thread; async-signal-safe. */
_Noreturn void halt(int code);
/* Logs one line, then halts with EXIT_START. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Catches the signals that end a process; SIGTERM and SIGINT stop the board. */
void fatal_install(void);

#endif

/*
 * What a test build (VIRTUALTIME=1) adds to time: it runs as the machine's does until a driver that holds the clock lets it stand, and
 * then it only jumps, while the board has nothing to do but wait. So a day passes in minutes, and what is under way takes no time,
 * however busy the machine is. In the plain build all of it is nothing.
 *
 * The driver listens on the Unix socket that --clock names; without one nothing jumps. Lines:
 *
 *   driver -> board   jump MICROSECONDS to be added; the first one, which the boot waits for, is what earlier boots were told
 *                     stand             from now on it jumps and does not run
 *                     idle?             is answered when nothing is ready and no thread works for the loop
 *   board -> driver   idle TURNS LEFT     turns of the loop since the boot; microseconds until the next timer, "-" for none
 *
 * The board never jumps by itself: only the driver knows what else goes on. What is not idle answers later, not with no. Turns that
 * read this socket are not counted. The watchdog's turns stay the machine's time (a jump is none); a trial's deadline is the board's.
 */
#ifndef LATCHKEY_VIRTUAL_TIME_H
#define LATCHKEY_VIRTUAL_TIME_H

#include <stdbool.h>
#include <stdint.h>

#ifdef VIRTUAL_TIME

/* Connects and waits for the first jump. NULL: nobody holds the clock. */
void virtual_time_start(const char *path);
/* By the machine's clock; any thread. */
uint64_t virtual_time_now_us(uint64_t machine_us);
/* When that is for a timer of the kernel's that shall go off then: 0 while the clock stands before it. Any thread. */
uint64_t virtual_time_machine_us(uint64_t deadline_us);
/* For the loop to poll; -1: none. */
int virtual_time_descriptor(void);
/* It is readable. */
void virtual_time_read(void);
/* A turn of the loop was run. */
void virtual_time_turn(void);
/* The driver waits for the answer. */
bool virtual_time_is_asked(void);
/* left_us: until the next timer, UINT64_MAX: there is none. */
void virtual_time_answer(uint64_t left_us);

#else

static inline void virtual_time_start(const char *path) { (void)path; }
static inline uint64_t virtual_time_now_us(uint64_t machine_us) { return machine_us; }
static inline uint64_t virtual_time_machine_us(uint64_t deadline_us) { return deadline_us; }
static inline int virtual_time_descriptor(void) { return -1; }
static inline void virtual_time_read(void) { }
static inline void virtual_time_turn(void) { }
static inline bool virtual_time_is_asked(void) { return false; }
static inline void virtual_time_answer(uint64_t left_us) { (void)left_us; }

#endif

#endif

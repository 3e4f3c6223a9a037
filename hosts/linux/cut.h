#ifndef LATCHKEY_CUT_H
#define LATCHKEY_CUT_H

#include <stdint.h>

/* Starts the thread of the cut timers. */
void cut_start(void);
/* The first deadline of all that are armed, by port_monotonic_us; UINT64_MAX: none is. */
uint64_t cut_first_us(void);
/* port_monotonic_us has jumped (virtual-time.h). */
void cut_clock_jumped(void);

#endif

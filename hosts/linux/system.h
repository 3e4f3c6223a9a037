#ifndef LATCHKEY_SYSTEM_H
#define LATCHKEY_SYSTEM_H

#include "xs.h"

/* Log lines of --report-heap: "arena 0xADDRESS BYTES", and "heap ..." with bytes of each part. */
/* With the meter there is one more, "turn longest N": byte codes of the longest turn since the line before. */
void system_turn_ended(xsMachine *the);
void system_print_arena(xsMachine *the);
void system_print_heap(void *context);

#endif

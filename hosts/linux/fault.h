/*
 * What is left of a board's last fault: where it happened, as names of functions with their modules and lines, and
 * nothing else: never a message, never a value. It is a file beside the records, replaced whole, and stays until it is
 * forgotten. A crash may come at any time: writing allocates nothing and calls only what is async-signal-safe (the
 * recorder build's journal aside).
 */
#ifndef LATCHKEY_FAULT_H
#define LATCHKEY_FAULT_H

#include <stdint.h>

enum { FAULT_BYTES_MAX = 512 };

/* Reads what the last boots left. */
void fault_start(void);
/* Ended with a zero; NULL when there is none. */
const char *fault_last(void);
/* Durable when it returns, or left as it is. */
void fault_forget(void);

/* One frame more, innermost first. Any pointer may be NULL; line 0: none. Bytes that are in no name become '?'. */
void fault_add(const char *function, const char *module, uint32_t line);
/* Durable when it returns, as far as the disk can. Once. */
void fault_write(void);

#endif

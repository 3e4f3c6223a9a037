/*
 * The one start of PSA (DESIGN 4, Entropy): the chip's entropy, mixed with a seed kept in a record and replaced at
 * every boot before anything draws. Until that is done nothing that needs a key or random bytes works.
 */
#ifndef LATCHKEY_ENTROPY_H
#define LATCHKEY_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when PSA is started and seeded. While it is not, each call tries again. */
bool lk_entropy_ready(void);
/* Random bytes; false when there are none. */
bool lk_random(uint8_t *output, size_t bytes);

#endif

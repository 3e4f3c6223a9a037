/*
 * When an ESP32 has true entropy (DESIGN 4). Its generator is fed by the radio or by the ADC's noise source; with neither on it is
 * pseudo-random, and nothing here tells the two apart. So the source is held on from the first native call for ever, or until the
 * radio takes over; in between, and where neither is on, there is no entropy and nothing may draw. Pure.
 *
 *   OFF --start--> NOISE --radio begins--> GAP --radio is on--> RADIO
 *                    ^                      |                      |
 *                    +---- radio fails -----+-------- radio stops -+
 */
#ifndef LATCHKEY_ENTROPY_SOURCE_H
#define LATCHKEY_ENTROPY_SOURCE_H

#include <stdbool.h>

typedef enum { ENTROPY_SOURCE_OFF, ENTROPY_SOURCE_NOISE, ENTROPY_SOURCE_GAP, ENTROPY_SOURCE_RADIO } EntropySource;
typedef enum { ENTROPY_START, ENTROPY_RADIO_BEGINS, ENTROPY_RADIO_IS_ON, ENTROPY_RADIO_STOPS } EntropyEvent;
typedef enum { ENTROPY_NOTHING, ENTROPY_NOISE_ON, ENTROPY_NOISE_OFF } EntropyAct;

/* What the caller must do at once, on the chip, is `act`. */
EntropySource entropy_source_step(EntropySource source, EntropyEvent event, EntropyAct *act);
bool entropy_source_is_true(EntropySource source);

#endif

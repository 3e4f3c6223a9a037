/* The host under a target: hosts/bindings/port.h in memory, with a clock, records and an event loop that the target turns. */
#ifndef LATCHKEY_FUZZ_FAKE_PORT_H
#define LATCHKEY_FUZZ_FAKE_PORT_H

#include "port.h"

/* Forgets records, watches and timers, and starts the clock again. */
void fake_port_reset(void);
/* Runs what is ready: watches whose socket is, and timers that are due. Returns how many callbacks ran. */
unsigned fake_port_turn(void);
void fake_port_pass(uint32_t milliseconds);
unsigned fake_port_watches(void);
unsigned fake_port_timers(void);
/* What port_record_read answers for this name from now on. */
void fake_port_store(const char *domain, const char *name, PortRecordStatus status, const uint8_t *value, size_t bytes);
/* The stored value; NULL when there is none. */
const uint8_t *fake_port_stored(const char *domain, const char *name, size_t *bytes);
/* Whether writing and deleting fail. */
void fake_port_break(bool writes_fail, bool entropy_fails);

#endif

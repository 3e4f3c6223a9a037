/* What the port_*.c files of this host share. Each does one part of hosts/bindings/port.h over ESP-IDF 6.0 and the SDK 8.2. */
#ifndef LATCHKEY_ESP32_HOST_H
#define LATCHKEY_ESP32_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "reset-note.h"

/* Of partitions-*.csv; the second is what JavaScript cannot open (I1): the SDK's key-value class opens "nvs" alone. */
#define HOST_RECORD_PARTITION "nvs"
#define HOST_SECRET_PARTITION "secrets"

/* ---- a record beside the secret domains, in the secret partition ---- */

#define HOST_DOMAIN "host"
#define HOST_FAULT_NAME "fault"

/* ---- the end of the firmware ---- */

/* Cuts the outputs and writes down why. Any task, and the watchdog's interrupt. The first note of a boot stays. */
void host_end_note(ResetReason reason, const char *text);
/* Does not return. */
_Noreturn void host_restart(ResetReason reason, const char *text);
/* Runs drive's cut-all, where there is one. Any context. */
void host_cut_all(void);

/* ---- the radio and entropy ---- */

void host_entropy_start(void);
void host_radio_begins(void);
void host_radio_is_on(void);
void host_radio_stops(void);

/* ---- the trial of an image ---- */

void host_trial_start(void);
void host_trial_passed(void);

#endif

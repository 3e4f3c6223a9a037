/*
 * The network that a Wi-Fi board joins: its record, and nothing else. The password is a secret (T14): it lies in the partition that
 * JavaScript cannot open, is wiped wherever it was copied, and is in no log.
 *
 *   offset 0   u8 format (1)
 *          1   u8 bytes of the name, 1 to 32
 *          2   u8 bytes of the password, 0 (open) or 8 to 64
 *          3   the name, then the password
 */
#ifndef LATCHKEY_STATION_H
#define LATCHKEY_STATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STATION_NAME_MAX = 32, STATION_PASSWORD_MIN = 8, STATION_PASSWORD_MAX = 64, STATION_RECORD_MAX = 3 + STATION_NAME_MAX + STATION_PASSWORD_MAX };

typedef struct {
	uint8_t name_bytes, password_bytes;
	uint8_t name[STATION_NAME_MAX], password[STATION_PASSWORD_MAX];
} Station;

bool station_is_sound(const Station *station);
/* `record` has STATION_RECORD_MAX bytes; returns how many are used. */
size_t station_encode(const Station *station, uint8_t *record);
/* False for anything but what station_encode wrote; then all of `station` is zero. */
bool station_decode(const uint8_t *record, size_t bytes, Station *station);

#endif

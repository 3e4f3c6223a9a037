#include "station.h"

#include <string.h>

enum { FORMAT = 1, HEAD_BYTES = 3 };

bool station_is_sound(const Station *station)
{
	if (station->name_bytes < 1 || station->name_bytes > STATION_NAME_MAX || station->password_bytes > STATION_PASSWORD_MAX) return false;
	return station->password_bytes == 0 || station->password_bytes >= STATION_PASSWORD_MIN;
}

size_t station_encode(const Station *station, uint8_t *record)
{
	record[0] = FORMAT;
	record[1] = station->name_bytes;
	record[2] = station->password_bytes;
	memcpy(record + HEAD_BYTES, station->name, station->name_bytes);
	memcpy(record + HEAD_BYTES + station->name_bytes, station->password, station->password_bytes);
	return HEAD_BYTES + (size_t)station->name_bytes + station->password_bytes;
}

bool station_decode(const uint8_t *record, size_t bytes, Station *station)
{
	memset(station, 0, sizeof *station);
	if (bytes < HEAD_BYTES || record[0] != FORMAT) return false;
	station->name_bytes = record[1];
	station->password_bytes = record[2];
	if (!station_is_sound(station) || bytes != HEAD_BYTES + (size_t)station->name_bytes + station->password_bytes) {
		memset(station, 0, sizeof *station);
		return false;
	}
	memcpy(station->name, record + HEAD_BYTES, station->name_bytes);
	memcpy(station->password, record + HEAD_BYTES + station->name_bytes, station->password_bytes);
	return true;
}

/*
 * The Wi-Fi that an owner set, for wifi.ts: one record in a domain that JavaScript cannot open (I1, T14), and nowhere else. The passphrase
 * comes in from a session and goes out to the radio's driver, in C; nothing here gives it back. Every copy is wiped.
 */
#include "wifi.h"

#include <string.h>

#include "check.h"

static const char DOMAIN[] = PORT_DOMAIN_NETWORK, NAME[] = "wifi";

void xs_lk_wifi_keep(xsMachine *the);
void xs_lk_wifi_forget(xsMachine *the);
void xs_lk_wifi_name(xsMachine *the);

PortRecordStatus lk_wifi_read(Station *station)
{
	uint8_t record[STATION_RECORD_MAX];
	size_t bytes = 0;
	PortRecordStatus status = port_record_read(DOMAIN, NAME, record, sizeof record, &bytes);

	if (status == PORT_RECORD_TOO_LARGE) status = PORT_RECORD_CORRUPT;
	if (status != PORT_RECORD_OK) memset(station, 0, sizeof *station);
	else if (!station_decode(record, bytes, station)) status = PORT_RECORD_CORRUPT;
	lk_wipe(record, sizeof record);
	return status;
}

static bool is_same(const Station *a, const Station *b)
{
	return a->name_bytes == b->name_bytes && a->password_bytes == b->password_bytes && memcmp(a->name, b->name, a->name_bytes) == 0
		&& lk_equal(a->password, b->password, a->password_bytes);
}

/* (name, passphrase): a Uint8Array; text, or undefined for an open network. Whether that changed what is on record, or a fault: it stands. */
void xs_lk_wifi_keep(xsMachine *the)
{
	Station station = { 0 }, before;
	uint8_t record[STATION_RECORD_MAX];
	char password[STATION_PASSWORD_MAX + 1] = "";
	PortRecordStatus status = PORT_RECORD_OK;
	bool changes;
	LkSpan name;

	/* What throws comes before the first copy. */
	lk_bytes(the, 0, 1, STATION_NAME_MAX);
	if (lk_given(the, 1)) lk_text(the, 1, password, sizeof password);
	name = lk_bytes(the, 0, 1, STATION_NAME_MAX);
	station.name_bytes = (uint8_t)name.bytes;
	station.password_bytes = (uint8_t)strlen(password);
	memcpy(station.name, name.data, name.bytes);
	memcpy(station.password, password, station.password_bytes);
	lk_wipe(password, sizeof password);
	if (!station_is_sound(&station)) {
		lk_wipe(&station, sizeof station);
		xsRangeError("wifi: no credentials");
	}
	changes = lk_wifi_read(&before) != PORT_RECORD_OK || !is_same(&station, &before);
	if (changes) status = port_record_write(DOMAIN, NAME, record, station_encode(&station, record));
	lk_wipe(record, sizeof record);
	lk_wipe(&before, sizeof before);
	lk_wipe(&station, sizeof station);
	if (status == PORT_RECORD_OK) xsmcSetBoolean(xsResult, changes);
	else lk_fault(the, status == PORT_RECORD_FULL ? "record/full" : "record/io");
}

/* (): whether there was a record, readable or not, or a fault: it stands. */
void xs_lk_wifi_forget(xsMachine *the)
{
	Station station;
	PortRecordStatus status = lk_wifi_read(&station);

	lk_wipe(&station, sizeof station);
	if (port_record_delete(DOMAIN, NAME) != PORT_RECORD_OK) lk_fault(the, "record/io");
	else xsmcSetBoolean(xsResult, status != PORT_RECORD_ABSENT);
}

/* (out): a Uint8Array of STATION_NAME_MAX bytes. How many the name has, 0: none is kept; or a fault. */
void xs_lk_wifi_name(xsMachine *the)
{
	Station station;
	PortRecordStatus status = lk_wifi_read(&station);

	lk_wipe(station.password, sizeof station.password);
	switch (status) {
	case PORT_RECORD_OK:
		memcpy(lk_output(the, 0, STATION_NAME_MAX), station.name, STATION_NAME_MAX);
		xsmcSetInteger(xsResult, station.name_bytes);
		break;
	case PORT_RECORD_ABSENT: xsmcSetInteger(xsResult, 0); break;
	case PORT_RECORD_CORRUPT: lk_fault(the, "record/corrupt"); break;
	default: lk_fault(the, "record/io");
	}
}

/*
 * Records: small values under a domain and a name, one file each, in the state directory. A file is replaced
 * whole: written beside, synced, renamed over, and the directory synced; so after a power cut the old record
 * stands or the new one, never a mix (I5).
 *
 *   offset 0   magic "LKRC"
 *          4   u16 format version (1), u16 zero
 *          8   u32 bytes of the value
 *         12   u32 CRC-32 of bytes 0..11, the file's name, the value
 *         16   the value
 */
#include "records.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "files.h"
#include "port.h"

enum { HEADER_BYTES = 16, FORMAT = 1, FILE_NAME_BYTES = 2 * PORT_RECORD_NAME_MAX + 8 };
#define MAGIC "LKRC"
#define RECORD_SUFFIX ".rec"
#define TEMPORARY_SUFFIX ".new"

static bool name_is_valid(const char *name)
{
	size_t length = strspn(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-");

	return length > 0 && length <= PORT_RECORD_NAME_MAX && name[length] == 0;
}

/* "domain,name.rec": the comma is in no name. */
static bool make_names(const char *domain, const char *name, char *file, char *temporary)
{
	if (!name_is_valid(domain) || !name_is_valid(name)) return false;
	snprintf(file, FILE_NAME_BYTES, "%s,%s" RECORD_SUFFIX, domain, name);
	if (temporary) snprintf(temporary, FILE_NAME_BYTES, "%s,%s" TEMPORARY_SUFFIX, domain, name);
	return true;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int byte = 0; byte < 4; byte++) at[byte] = (uint8_t)(value >> (8 * byte));
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t checksum(const uint8_t *header, const char *file, const uint8_t *value, size_t bytes)
{
	uint32_t crc = crc32_update(0, header, 12);

	crc = crc32_update(crc, file, strlen(file));
	return crc32_update(crc, value, bytes);
}

static void log_record(const char *file, const char *why)
{
	char line[128];

	snprintf(line, sizeof line, "record %s: %s", file, why);
	port_log(line);
}

static PortRecordStatus fault(const char *file, int number)
{
	log_record(file, strerror(number));
	return number == ENOSPC || number == EDQUOT || number == EFBIG ? PORT_RECORD_FULL : PORT_RECORD_IO;
}

/* Records are read and written on the engine's thread only: one buffer serves, and is wiped after each use. */
static uint8_t scratch[HEADER_BYTES + RECORD_VALUE_MAX];

static void wipe(void)
{
	memset(scratch, 0, sizeof scratch);
	__asm__ __volatile__("" : : "r"(scratch) : "memory");
}

static const char *damage(const char *file, size_t bytes)
{
	if (bytes < HEADER_BYTES) return "is corrupt (too short)";
	if (memcmp(scratch, MAGIC, 4) != 0) return "is corrupt (no record)";
	if ((scratch[4] | scratch[5] << 8) != FORMAT || scratch[6] || scratch[7]) return "has a newer format";
	if (get_u32(scratch + 8) != bytes - HEADER_BYTES) return "is corrupt (length)";
	if (get_u32(scratch + 12) != checksum(scratch, file, scratch + HEADER_BYTES, bytes - HEADER_BYTES)) return "is corrupt (checksum)";
	return NULL;
}

PortRecordStatus port_record_read(const char *domain, const char *name, uint8_t *buffer, size_t capacity, size_t *bytes)
{
	char file[FILE_NAME_BYTES];
	const char *why;
	size_t have = 0;
	PortRecordStatus status = PORT_RECORD_OK;

	*bytes = 0;
	if (!make_names(domain, name, file, NULL)) return PORT_RECORD_IO;
	if (!files_read(file, scratch, sizeof scratch, &have)) {
		int number = errno;
		if (number == ENOENT) return PORT_RECORD_ABSENT;
		if (number != EFBIG) {
			wipe();  /* what was read before the failure */
			return fault(file, number);
		}
		have = 0;
	}
	why = damage(file, have);
	if (why) {
		log_record(file, why);
		status = PORT_RECORD_CORRUPT;
	}
	else if (have - HEADER_BYTES > capacity) status = PORT_RECORD_TOO_LARGE;
	else {
		*bytes = have - HEADER_BYTES;
		if (*bytes) memcpy(buffer, scratch + HEADER_BYTES, *bytes);
	}
	wipe();
	return status;
}

static bool write_temporary(const char *temporary, size_t bytes)
{
	int file = files_create(temporary), number;
	bool written;

	if (file < 0) return false;
	written = files_write(file, scratch, bytes) && files_sync(file);
	number = errno;
	files_close(file);
	errno = number;
	return written;
}

PortRecordStatus port_record_write(const char *domain, const char *name, const uint8_t *value, size_t bytes)
{
	char file[FILE_NAME_BYTES], temporary[FILE_NAME_BYTES];
	bool written;
	int number;

	if (!make_names(domain, name, file, temporary)) return PORT_RECORD_IO;
	if (bytes > RECORD_VALUE_MAX) return PORT_RECORD_TOO_LARGE;
	memcpy(scratch, MAGIC, 4);
	put_u32(scratch + 4, FORMAT);
	put_u32(scratch + 8, (uint32_t)bytes);
	if (bytes) memcpy(scratch + HEADER_BYTES, value, bytes);
	put_u32(scratch + 12, checksum(scratch, file, scratch + HEADER_BYTES, bytes));
	files_mark("write", file, get_u32(scratch + 12));
	written = write_temporary(temporary, HEADER_BYTES + bytes) && files_rename(temporary, file);
	number = errno;
	if (!written) files_unlink(temporary);
	else if (!files_sync_directory()) {
		written = false;
		number = errno;
	}
	if (written) files_mark("done", file, get_u32(scratch + 12));
	wipe();
	return written ? PORT_RECORD_OK : fault(file, number);
}

PortRecordStatus port_record_delete(const char *domain, const char *name)
{
	char file[FILE_NAME_BYTES];

	if (!make_names(domain, name, file, NULL)) return PORT_RECORD_IO;
	files_mark("delete", file, 0);
	if (!files_unlink(file) || !files_sync_directory()) return fault(file, errno);
	files_mark("done", file, 0);
	return PORT_RECORD_OK;
}

/* ---- listing ---- */

typedef struct {
	const char *domain;
	bool (*each)(void *context, const char *name);
	void *context;
} Listing;

static bool list_one(void *context, const char *file)
{
	Listing *listing = context;
	size_t domain = strlen(listing->domain), length = strlen(file), suffix = strlen(RECORD_SUFFIX);
	char name[PORT_RECORD_NAME_MAX + 1];

	if (strncmp(file, listing->domain, domain) != 0 || file[domain] != ',') return true;
	if (length <= domain + 1 + suffix || strcmp(file + length - suffix, RECORD_SUFFIX) != 0) return true;
	length -= domain + 1 + suffix;
	if (length > PORT_RECORD_NAME_MAX) return true;
	memcpy(name, file + domain + 1, length);
	name[length] = 0;
	return listing->each(listing->context, name);
}

bool records_list(const char *domain, bool (*each)(void *context, const char *name), void *context)
{
	Listing listing = { domain, each, context };

	return name_is_valid(domain) && files_list(list_one, &listing);
}

/* What a cut left of records that were being written. */
enum { LEFTOVERS_MAX = 64 };
typedef struct {
	char names[LEFTOVERS_MAX][FILE_NAME_BYTES];
	int count;
} Leftovers;

static bool collect_leftover(void *context, const char *file)
{
	Leftovers *leftovers = context;
	size_t length = strlen(file), suffix = strlen(TEMPORARY_SUFFIX);

	if (length > suffix && length < FILE_NAME_BYTES && strcmp(file + length - suffix, TEMPORARY_SUFFIX) == 0) {
		strcpy(leftovers->names[leftovers->count++], file);
	}
	return leftovers->count < LEFTOVERS_MAX;
}

void records_start(void)
{
	static Leftovers leftovers;

	do {
		leftovers.count = 0;
		if (!files_list(collect_leftover, &leftovers)) return;
		for (int index = 0; index < leftovers.count; index++) {
			if (!files_unlink(leftovers.names[index])) return;
		}
	} while (leftovers.count == LEFTOVERS_MAX);
	/* Not synced: what a cut brings back, the next boot clears away again. */
}

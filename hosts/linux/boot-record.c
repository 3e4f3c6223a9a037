#include "boot-record.h"

#include <errno.h>
#include <string.h>

#include "crc32.h"
#include "files.h"
#include "image.h"

enum { BYTES = 12, CHECKED = 8, FORMAT = 1 };
static const char BOOT[] = "boot", FUSE[] = "fuse", FLASHED[] = "flashed";

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int byte = 0; byte < 4; byte++) at[byte] = (uint8_t)(value >> (8 * byte));
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Replaces a file whole. */
static bool replace(const char *name, const char *temporary, const uint8_t *bytes, size_t count)
{
	int file = files_create(temporary), number;
	bool written;

	if (file < 0) return false;
	written = files_write(file, bytes, count) && files_sync(file);
	number = errno;
	files_close(file);
	if (written) {
		written = files_rename(temporary, name) && files_sync_directory();
		number = errno;
	}
	errno = number;
	return written;
}

/* Both files have magic, format, three bytes and a checksum. */
static BootFile read_file(const char *name, const char *magic, uint8_t bytes[BYTES])
{
	size_t count;

	if (!files_read(name, bytes, BYTES, &count)) return errno == ENOENT ? BOOT_FILE_ABSENT : BOOT_FILE_DAMAGED;
	if (count != BYTES || memcmp(bytes, magic, 4) != 0 || bytes[4] != FORMAT) return BOOT_FILE_DAMAGED;
	return get_u32(bytes + CHECKED) == crc32_update(0, bytes, CHECKED) ? BOOT_FILE_FOUND : BOOT_FILE_DAMAGED;
}

static void seal(uint8_t bytes[BYTES], const char *magic)
{
	memcpy(bytes, magic, 4);
	bytes[4] = FORMAT;
	put_u32(bytes + CHECKED, crc32_update(0, bytes, CHECKED));
}

BootFile boot_record_read(BootRecord *record)
{
	uint8_t bytes[BYTES];
	BootFile found = read_file(BOOT, "LKBT", bytes);

	*record = (BootRecord){ 0, { PORT_SLOT_UNSET, PORT_SLOT_UNSET } };
	if (found != BOOT_FILE_FOUND) return found;
	if (bytes[5] >= PORT_SLOTS || bytes[6] >= PORT_SLOT_STATES || bytes[7] >= PORT_SLOT_STATES) return BOOT_FILE_DAMAGED;
	*record = (BootRecord){ bytes[5], { bytes[6], bytes[7] } };
	return BOOT_FILE_FOUND;
}

bool boot_record_write(const BootRecord *record)
{
	uint8_t bytes[BYTES] = { [5] = record->chosen, [6] = record->states[0], [7] = record->states[1] };
	bool written;

	seal(bytes, "LKBT");
	files_mark("boot", "write", (uint32_t)bytes[5] << 16 | (uint32_t)bytes[6] << 8 | bytes[7]);
	written = replace(BOOT, "boot.new", bytes, sizeof bytes);
	if (written) files_mark("boot", "done", 0);
	return written;
}

bool boot_record_forget(void)
{
	return files_unlink(BOOT) && files_sync_directory();
}

BootFile fuse_read(uint8_t *floor)
{
	uint8_t bytes[BYTES];
	BootFile found = read_file(FUSE, "LKFU", bytes);

	*floor = 0;
	if (found != BOOT_FILE_FOUND) return found;
	if (bytes[5] > PORT_SECURITY_FLOOR_MAX || bytes[6] || bytes[7]) return BOOT_FILE_DAMAGED;
	*floor = bytes[5];
	return BOOT_FILE_FOUND;
}

static bool write_fuse(uint8_t floor)
{
	uint8_t bytes[BYTES] = { [5] = floor };

	seal(bytes, "LKFU");
	files_mark("fuse", "write", floor);
	if (!replace(FUSE, "fuse.new", bytes, sizeof bytes)) return false;
	files_mark("fuse", "done", floor);
	return true;
}

bool fuse_raise(uint8_t floor)
{
	uint8_t before;

	if (fuse_read(&before) == BOOT_FILE_DAMAGED) {
		errno = EIO;
		return false;
	}
	return floor <= before || write_fuse(floor);
}

bool fuse_renew(uint8_t floor)
{
	return write_fuse(floor);
}

bool flashed_write(const uint8_t *header)
{
	return replace(FLASHED, "flashed.new", header, IMAGE_HEADER_BYTES);
}

#include "slots.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fatal.h"
#include "files.h"

enum { SECTOR = PORT_SLOT_SECTOR_BYTES, ERASED = 0xff };

static const char *const NAMES[PORT_SLOTS] = { "slot-0", "slot-1" };
static const char *const TEMPORARIES[PORT_SLOTS] = { "slot-0.new", "slot-1.new" };
static int slot_files[PORT_SLOTS] = { -1, -1 };
static uint32_t slot_bytes;
/* What an erased sector holds, from slots_start on. */
static uint8_t erased[SECTOR];
/* The sector that was erased last, while nothing was written into it: it need not be read to know what it holds. */
static struct {
	bool is_known;
	uint32_t slot, offset;
} blank;

/* ---- the files ---- */

static bool write_erased(int file, uint32_t bytes)
{
	for (uint32_t at = 0; at < bytes; at += SECTOR) {
		if (!files_write(file, erased, sizeof erased)) return false;
	}
	return files_sync(file);
}

/* Whole or not at all: a slot of another size is never found. */
static void make_slot(uint32_t slot)
{
	int file = files_create(TEMPORARIES[slot]);
	bool made = file >= 0 && write_erased(file, slot_bytes);

	if (made) files_close(file);
	if (!made || !files_rename(TEMPORARIES[slot], NAMES[slot]) || !files_sync_directory()) {
		fatal("%s: %s", NAMES[slot], strerror(errno));
	}
}

static bool has_size(int file, uint32_t bytes)
{
	struct stat status;

	return fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == (off_t)bytes;
}

void slots_start(uint32_t bytes)
{
	slot_bytes = bytes;
	memset(erased, ERASED, sizeof erased);
	for (uint32_t slot = 0; slot < PORT_SLOTS; slot++) {
		int file = files_open(NAMES[slot]);
		if (file < 0 && errno != ENOENT) fatal("%s: %s", NAMES[slot], strerror(errno));
		if (file < 0 || !has_size(file, bytes)) {
			if (file >= 0) files_close(file);
			make_slot(slot);
			file = files_open(NAMES[slot]);
			if (file < 0) fatal("%s: %s", NAMES[slot], strerror(errno));
		}
		slot_files[slot] = file;
	}
}

bool slots_open_image(uint32_t slot, Image *image, char *reason, size_t reason_bytes)
{
	return image_open_slot(image, slot_files[slot], NAMES[slot], reason, reason_bytes);
}

/* ---- NOR flash ---- */

bool slots_erase(uint32_t slot, uint32_t offset)
{
	blank.is_known = false;
	if (!files_write_at(slot_files[slot], offset, erased, sizeof erased) || !files_sync_content(slot_files[slot])) return false;
	blank.is_known = true;
	blank.slot = slot;
	blank.offset = offset;
	files_mark("done", NAMES[slot], offset);
	return true;
}

/* Puts the bits that bytes clears into what is there. */
static bool program(uint32_t slot, uint32_t offset, const uint8_t *bytes, size_t count)
{
	uint8_t sector[SECTOR];
	size_t index = 0;

	if (blank.is_known && slot == blank.slot && offset - blank.offset < SECTOR) {
		blank.is_known = false;
		return files_write_at(slot_files[slot], offset, bytes, count);
	}
	if (!files_read_at(slot_files[slot], offset, sector, count)) return false;
	/* Words first: of a whole sector byte by byte this would be a tenth of what the hash costs. */
	for (; index + sizeof(uint64_t) <= count; index += sizeof(uint64_t)) {
		uint64_t there, word;
		memcpy(&there, sector + index, sizeof there);
		memcpy(&word, bytes + index, sizeof word);
		there &= word;
		memcpy(sector + index, &there, sizeof there);
	}
	for (; index < count; index++) sector[index] &= bytes[index];
	return files_write_at(slot_files[slot], offset, sector, count);
}

bool slots_write(uint32_t slot, uint32_t offset, const uint8_t *bytes, size_t count)
{
	if (!program(slot, offset, bytes, count) || !files_sync_content(slot_files[slot])) return false;
	files_mark("done", NAMES[slot], offset);
	return true;
}

bool slots_flash(uint32_t slot, const uint8_t *bytes, size_t count)
{
	uint8_t sector[SECTOR];

	blank.is_known = false;
	if (count > slot_bytes) {
		errno = EFBIG;
		return false;
	}
	for (uint32_t at = 0; at < slot_bytes; at += SECTOR) {
		size_t left = at < count ? count - at : 0;
		memset(sector, ERASED, sizeof sector);
		memcpy(sector, bytes + (left ? at : 0), left < SECTOR ? left : SECTOR);
		if (!files_write_at(slot_files[slot], at, sector, sizeof sector)) return false;
	}
	return files_sync_content(slot_files[slot]);
}

/* ---- port.h ---- */

uint32_t port_slot_bytes(void)
{
	return slot_bytes;
}

bool port_slot_image(uint32_t slot, PortSlotImage *image)
{
	uint8_t start[IMAGE_HEADER_BYTES];
	ImageHeader header;

	if (!files_read_at(slot_files[slot], 0, start, sizeof start)) return false;
	if (!image_header(&header, start) || header.bytes > slot_bytes) return false;
	*image = (PortSlotImage){ .bytes = header.bytes, .sequence = header.sequence, .security_version = header.security_version };
	snprintf(image->version, sizeof image->version, "%s", header.version);
	return true;
}

bool port_slot_read(uint32_t slot, uint32_t offset, uint8_t *buffer, size_t bytes)
{
	return files_read_at(slot_files[slot], offset, buffer, bytes);
}

/*
 * hosts/linux/records.c: a file of any bytes is the record that its header and checksum say, or corrupt; what is written is
 * read back; what another name's record says is corrupt under this name. The file layer below is memory.
 *
 *   byte flags (1: mend the checksum, 2: mend the length), u16 capacity, the file
 */
#ifndef FUZZED
#define FUZZED "../../hosts/linux/records.c"  /* planted.ts puts another in its place */
#endif
#include FUZZED

#include "expect.h"
#include "input.h"

static uint8_t stored[HEADER_BYTES + RECORD_VALUE_MAX + 64];
static size_t stored_bytes;
static char stored_name[FILE_NAME_BYTES];

int files_create(const char *name)
{
	strcpy(stored_name, name);
	stored_bytes = 0;
	return 3;
}

bool files_write(int file, const void *bytes, size_t count)
{
	EXPECT(file == 3 && stored_bytes + count <= sizeof stored);
	memcpy(stored + stored_bytes, bytes, count);
	stored_bytes += count;
	return true;
}

bool files_read(const char *name, void *bytes, size_t capacity, size_t *count)
{
	errno = strcmp(name, stored_name) != 0 ? ENOENT : stored_bytes > capacity ? EFBIG : 0;
	if (errno == ENOENT) return false;
	*count = stored_bytes < capacity ? stored_bytes : capacity;
	memcpy(bytes, stored, *count);
	return errno == 0;
}

bool files_rename(const char *from, const char *to)
{
	EXPECT(strcmp(from, stored_name) == 0);
	strcpy(stored_name, to);
	return true;
}

bool files_unlink(const char *name)
{
	if (strcmp(name, stored_name) == 0) stored_name[0] = 0;
	return true;
}

bool files_list(bool (*each)(void *context, const char *name), void *context)
{
	if (stored_name[0]) each(context, stored_name);
	return true;
}

bool files_sync(int file) { return file == 3; }
void files_close(int file) { EXPECT(file == 3); }
bool files_sync_directory(void) { return true; }
void files_mark(const char *what, const char *name, uint32_t value) { (void)what, (void)name, (void)value; }
void port_log(const char *line) { EXPECT(strlen(line) < 128); }

/* CRC-32 bit by bit. */
static uint32_t plain_crc(uint32_t crc, const uint8_t *data, size_t bytes)
{
	for (crc = ~crc; bytes > 0; bytes--, data++) {
		crc ^= *data;
		for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static uint32_t wanted_crc(const char *file)
{
	uint32_t crc = plain_crc(0, stored, 12);

	crc = plain_crc(crc, (const uint8_t *)file, strlen(file));
	return plain_crc(crc, stored + HEADER_BYTES, stored_bytes - HEADER_BYTES);
}

static bool is_record(void)
{
	static const uint8_t head[8] = { 'L', 'K', 'R', 'C', 1, 0, 0, 0 };

	return stored_bytes >= HEADER_BYTES && stored_bytes <= HEADER_BYTES + RECORD_VALUE_MAX && memcmp(stored, head, 8) == 0 &&
		get_u32(stored + 8) == stored_bytes - HEADER_BYTES && get_u32(stored + 12) == wanted_crc("d,n.rec");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	Input input = { data, bytes };
	uint8_t how = input_byte(&input), *buffer;
	size_t capacity = input_number(&input, 2), got = 99;
	PortRecordStatus status;

	input = input_piece(&input, sizeof stored);
	memcpy(stored, input.data, input.bytes);
	stored_bytes = input.bytes;
	strcpy(stored_name, "d,n.rec");
	if (stored_bytes >= HEADER_BYTES && (how & 2)) put_u32(stored + 8, (uint32_t)(stored_bytes - HEADER_BYTES));
	if (stored_bytes >= HEADER_BYTES && (how & 1)) put_u32(stored + 12, wanted_crc("d,n.rec"));
	buffer = malloc(capacity > 0 ? capacity : 1);
	status = port_record_read("d", "n", buffer, capacity, &got);
	if (!is_record()) EXPECT(status == PORT_RECORD_CORRUPT && got == 0);
	else if (stored_bytes - HEADER_BYTES > capacity) EXPECT(status == PORT_RECORD_TOO_LARGE && got == 0);
	else EXPECT(status == PORT_RECORD_OK && got == stored_bytes - HEADER_BYTES && memcmp(buffer, stored + HEADER_BYTES, got) == 0);
	for (size_t at = 0; at < sizeof scratch; at += 97) EXPECT(scratch[at] == 0);
	if (status == PORT_RECORD_OK) {
		uint8_t *value = input_copy((Input){ stored + HEADER_BYTES, got });
		strcpy(stored_name, "d,m.rec");
		EXPECT(port_record_read("d", "m", buffer, capacity, &got) == PORT_RECORD_CORRUPT);
		got = stored_bytes - HEADER_BYTES;
		EXPECT(port_record_write("d", "m", value, got) == PORT_RECORD_OK && strcmp(stored_name, "d,m.rec") == 0);
		EXPECT(port_record_read("d", "m", buffer, capacity, &got) == PORT_RECORD_OK && memcmp(buffer, value, got) == 0);
		EXPECT(port_record_delete("d", "m") == PORT_RECORD_OK && port_record_read("d", "m", buffer, capacity, &got) == PORT_RECORD_ABSENT);
		free(value);
	}
	EXPECT(port_record_read("../d", "n", buffer, capacity, &got) == PORT_RECORD_IO);
	free(buffer);
	return 0;
}

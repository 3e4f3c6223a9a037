#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crc32.h"
#include "engine-version.h"

static uint32_t read_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool refuse(char *reason, size_t bytes, const char *path, const char *why)
{
	snprintf(reason, bytes, "image %s: %s", path, why);
	return false;
}

/* One module's record at *offset; moves *offset behind it. NULL or what is wrong. */
static const char *read_module(ImageModule *module, uint8_t *bytes, size_t size, size_t *offset)
{
	uint8_t *at = bytes + *offset;
	size_t left = size - *offset;

	if (left < IMAGE_RECORD_BYTES) return "ends inside a module";
	uint32_t record = read_u32(at), flags = read_u32(at + 4);
	uint64_t name = read_u32(at + 8), symbols = read_u32(at + 12), code = read_u32(at + 16);
	if (record > left || record % 4 != 0 || IMAGE_RECORD_BYTES + name + symbols + code > record) return "has a module that exceeds its record";
	if (name < 2 || name > IMAGE_NAME_MAX + 1 || memchr(at + IMAGE_RECORD_BYTES, 0, name) != at + IMAGE_RECORD_BYTES + name - 1) return "has a module without a name";
	if (symbols < 2 || code == 0) return "has a module without code";
	module->name = (const char *)at + IMAGE_RECORD_BYTES;
	module->preload = (flags & IMAGE_PRELOAD) != 0;
	module->symbols = at + IMAGE_RECORD_BYTES + name;
	module->symbols_bytes = (uint32_t)symbols;
	module->code = module->symbols + symbols;
	module->code_bytes = (uint32_t)code;
	*offset += record;
	return NULL;
}

/* Text of at most `size` bytes with zeros behind it. */
static bool read_text(char *text, const uint8_t *bytes, size_t size)
{
	size_t length = strnlen((const char *)bytes, size);

	for (size_t index = 0; index < size; index++) {
		if (index < length ? bytes[index] < ' ' || bytes[index] > '~' : bytes[index] != 0) return false;
	}
	memcpy(text, bytes, length);
	text[length] = 0;
	return true;
}

bool image_header(ImageHeader *header, const uint8_t *bytes)
{
	if (memcmp(bytes, IMAGE_MAGIC, 8) != 0 || read_u32(bytes + 8) != IMAGE_FORMAT) return false;
	header->bytes = read_u32(bytes + 20);
	header->sequence = read_u32(bytes + 40);
	header->security_version = read_u32(bytes + 44);
	return header->bytes >= IMAGE_HEADER_BYTES && read_text(header->version, bytes + 48, IMAGE_VERSION_BYTES)
		&& read_text(header->board, bytes + 48 + IMAGE_VERSION_BYTES, IMAGE_BOARD_BYTES);
}

/* `size` is how many bytes there are; what is behind an image is allowed in a slot only. */
static const char *check_start(ImageHeader *header, const uint8_t *bytes, size_t size, bool slot)
{
	if (memcmp(bytes, IMAGE_MAGIC, 8) != 0) return "is no firmware image";
	if (read_u32(bytes + 8) != IMAGE_FORMAT) return "has another format version";
	if (!image_header(header, bytes)) return "has a damaged header";
	if (slot ? header->bytes > size : header->bytes != size) return "has another length than it says";
	return NULL;
}

static const char *check_whole(const uint8_t *bytes, size_t size)
{
	uint32_t crc = crc32_update(0, bytes, IMAGE_CRC_OFFSET);

	crc = crc32_update(crc, bytes + IMAGE_CRC_END, size - IMAGE_CRC_END);
	if (crc != read_u32(bytes + IMAGE_CRC_OFFSET)) return "is damaged (checksum)";
	if (read_u32(bytes + 12) != ENGINE_VERSION) return "was made for another engine version";
	if (read_u32(bytes + 16) != 2) return "was made for another identifier width";
	return NULL;
}

static const char *read_at(int file, uint8_t *bytes, size_t size, size_t offset)
{
	for (size_t have = 0; have < size;) {
		ssize_t got = pread(file, bytes + have, size - have, (off_t)(offset + have));
		if (got < 0 && errno == EINTR) continue;
		if (got <= 0) return got < 0 ? strerror(errno) : "was cut while it was read";
		have += (size_t)got;
	}
	return NULL;
}

static const char *read_bytes(Image *image, int file, bool slot)
{
	uint8_t start[IMAGE_HEADER_BYTES];
	struct stat status;
	const char *why;

	if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return "is no file";
	if (status.st_size > IMAGE_BYTES_MAX) return "is too large";
	if (status.st_size < IMAGE_HEADER_BYTES) return "is too short";
	why = read_at(file, start, sizeof start, 0);
	if (!why) why = check_start(&image->header, start, (size_t)status.st_size, slot);
	if (why) return why;
	image->size = image->header.bytes;
	image->bytes = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image->bytes == MAP_FAILED) {
		image->bytes = NULL;
		return "does not fit memory";
	}
	memcpy(image->bytes, start, sizeof start);
	why = read_at(file, image->bytes + sizeof start, image->size - sizeof start, sizeof start);
	return why ? why : check_whole(image->bytes, image->size);
}

static const char *read_modules(Image *image)
{
	size_t offset = IMAGE_HEADER_BYTES;
	const char *why = NULL;

	image->build_unix_ms = (uint64_t)read_u32(image->bytes + 28) << 32 | read_u32(image->bytes + 24);
	image->count = read_u32(image->bytes + 32);
	if (image->count == 0 || image->count > IMAGE_MODULES_MAX) return "has too many modules or none";
	image->modules = calloc(image->count, sizeof *image->modules);
	if (!image->modules) return "does not fit memory";
	for (uint32_t index = 0; !why && index < image->count; index++) {
		why = read_module(&image->modules[index], image->bytes, image->size, &offset);
	}
	return !why && offset != image->size ? "has bytes behind its last module" : why;
}

static bool open_file(Image *image, int file, bool slot, const char *name, char *reason, size_t reason_bytes)
{
	const char *why;

	memset(image, 0, sizeof *image);
	why = read_bytes(image, file, slot);
	if (!why) why = read_modules(image);
	if (!why) return true;
	refuse(reason, reason_bytes, name, why);
	image_close(image);
	return false;
}

bool image_open(Image *image, const char *path, char *reason, size_t reason_bytes)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	bool opened;

	if (file < 0) return refuse(reason, reason_bytes, path, strerror(errno));
	opened = open_file(image, file, false, path, reason, reason_bytes);
	close(file);
	return opened;
}

bool image_open_slot(Image *image, int file, const char *name, char *reason, size_t reason_bytes)
{
	return open_file(image, file, true, name, reason, reason_bytes);
}

void image_close(Image *image)
{
	free(image->modules);
	if (image->bytes) munmap(image->bytes, image->size);
	memset(image, 0, sizeof *image);
}

const ImageModule *image_find(const Image *image, const char *name)
{
	for (uint32_t index = 0; index < image->count; index++) {
		if (strcmp(image->modules[index].name, name) == 0) return &image->modules[index];
	}
	return NULL;
}

void image_protect(Image *image)
{
	mprotect(image->bytes, image->size, PROT_READ);
}

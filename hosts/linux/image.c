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

static const char *check_header(const uint8_t *bytes, size_t size)
{
	uint32_t crc;

	if (size < IMAGE_HEADER_BYTES) return "is too short";
	if (memcmp(bytes, IMAGE_MAGIC, 8) != 0) return "is no firmware image";
	if (read_u32(bytes + 8) != IMAGE_FORMAT) return "has another format version";
	if (read_u32(bytes + 20) != size) return "has another length than it says";
	crc = crc32_update(0, bytes, IMAGE_CRC_OFFSET);
	crc = crc32_update(crc, bytes + IMAGE_HEADER_BYTES, size - IMAGE_HEADER_BYTES);
	if (crc != read_u32(bytes + IMAGE_CRC_OFFSET)) return "is damaged (checksum)";
	if (read_u32(bytes + 12) != ENGINE_VERSION) return "was made for another engine version";
	if (read_u32(bytes + 16) != 2) return "was made for another identifier width";
	return NULL;
}

bool image_open(Image *image, const char *path, char *reason, size_t reason_bytes)
{
	struct stat status;
	const char *why = NULL;
	int file = open(path, O_RDONLY | O_CLOEXEC);

	memset(image, 0, sizeof *image);
	if (file < 0) return refuse(reason, reason_bytes, path, strerror(errno));
	if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) why = "is no file";
	else if (status.st_size > IMAGE_BYTES_MAX) why = "is too large";
	else if (status.st_size < IMAGE_HEADER_BYTES) why = "is too short";
	else {
		image->size = (size_t)status.st_size;
		image->bytes = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (image->bytes == MAP_FAILED) why = "does not fit memory";
		for (size_t have = 0; !why && have < image->size;) {
			ssize_t got = read(file, image->bytes + have, image->size - have);
			if (got < 0 && errno == EINTR) continue;
			if (got <= 0) why = got < 0 ? strerror(errno) : "was cut while it was read";
			else have += (size_t)got;
		}
	}
	close(file);
	if (!why) why = check_header(image->bytes, image->size);
	if (!why) {
		size_t offset = IMAGE_HEADER_BYTES;
		image->build_unix_ms = (uint64_t)read_u32(image->bytes + 28) << 32 | read_u32(image->bytes + 24);
		image->count = read_u32(image->bytes + 32);
		if (image->count == 0 || image->count > IMAGE_MODULES_MAX) why = "has too many modules or none";
		else if (!(image->modules = calloc(image->count, sizeof *image->modules))) why = "does not fit memory";
		for (uint32_t index = 0; !why && index < image->count; index++) {
			why = read_module(&image->modules[index], image->bytes, image->size, &offset);
		}
		if (!why && offset != image->size) why = "has bytes behind its last module";
	}
	return why ? refuse(reason, reason_bytes, path, why) : true;
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

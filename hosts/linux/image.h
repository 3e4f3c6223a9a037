/*
 * The firmware image: a list of modules as XS byte code, in one file, little-endian.
 *
 *   offset 0   magic "LKIMAGE\n"
 *          8   u32 format version (1)
 *         12   u32 engine version (major << 16 | minor << 8 | patch)
 *         16   u32 bytes of an identifier in byte code (2)
 *         20   u32 bytes of the whole file
 *         24   u64 build time, milliseconds since 1970 UTC
 *         32   u32 number of modules
 *         36   u32 CRC-32 of bytes 0..35 and 40..end
 *         40   modules, each aligned to 4 bytes:
 *                u32 bytes of this record, u32 flags, u32 name bytes, u32 symbols bytes, u32 code bytes,
 *                name (with its 0), symbols, code
 *
 * A damaged image is refused whole, before a byte of it is run.
 */
#ifndef LATCHKEY_IMAGE_H
#define LATCHKEY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAGIC "LKIMAGE\n"
enum {
	IMAGE_FORMAT = 1,
	IMAGE_HEADER_BYTES = 40,
	IMAGE_CRC_OFFSET = 36,
	IMAGE_RECORD_BYTES = 20,
	IMAGE_MODULES_MAX = 1024,
	IMAGE_NAME_MAX = 255,
	IMAGE_BYTES_MAX = 64 * 1024 * 1024,
	IMAGE_PRELOAD = 1,  /* a module's flag: runs while the image is prepared, and is frozen */
};

typedef struct {
	const char *name;
	bool preload;
	uint8_t *symbols;
	uint32_t symbols_bytes;
	uint8_t *code;
	uint32_t code_bytes;
} ImageModule;

typedef struct {
	uint8_t *bytes;
	size_t size;
	uint64_t build_unix_ms;
	uint32_t count;
	ImageModule *modules;
} Image;

/* Reads and checks a whole image. False after writing why, in one line, into reason. */
bool image_open(Image *image, const char *path, char *reason, size_t reason_bytes);
/* NULL when there is no such module. */
const ImageModule *image_find(const Image *image, const char *name);
/* From now on the code is like flash: a write to it faults. */
void image_protect(Image *image);

#endif

/*
 * The firmware image: a list of modules as XS byte code, in one file, little-endian.
 *
 *   offset 0   magic "LKIMAGE\n"
 *          8   u32 format version (2)
 *         12   u32 engine version (major << 16 | minor << 8 | patch)
 *         16   u32 bytes of an identifier in byte code (2)
 *         20   u32 bytes of the whole file
 *         24   u64 build time, milliseconds since 1970 UTC
 *         32   u32 number of modules
 *         36   u32 CRC-32 of bytes 0..35 and 40..end
 *         40   u32 sequence
 *         44   u32 security version
 *         48   text version, 32 bytes, zeros behind it
 *         80   name of the board that it is for, 24 bytes, zeros behind it
 *        104   modules, each aligned to 4 bytes:
 *                u32 bytes of this record, u32 flags, u32 name bytes, u32 symbols bytes, u32 code bytes,
 *                name (with its 0), symbols, code
 *
 * A damaged image is refused whole, before a byte of it is run. In a slot the image is the first bytes, and what is behind
 * it is nobody's. Equal modules, options and time make equal bytes, wherever they were built. tools/update/image-header.ts
 * reads the same.
 */
#ifndef LATCHKEY_IMAGE_H
#define LATCHKEY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAGIC "LKIMAGE\n"
enum {
	IMAGE_FORMAT = 2,
	IMAGE_HEADER_BYTES = 104,
	IMAGE_CRC_OFFSET = 36,
	IMAGE_CRC_END = 40,  /* where the checksum goes on */
	IMAGE_VERSION_BYTES = 32,
	IMAGE_BOARD_BYTES = 24,
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

/* What an image says of itself. */
typedef struct {
	uint32_t bytes;  /* of the whole image */
	uint32_t sequence, security_version;
	char version[IMAGE_VERSION_BYTES + 1], board[IMAGE_BOARD_BYTES + 1];
} ImageHeader;

typedef struct {
	uint8_t *bytes;
	size_t size;
	ImageHeader header;
	uint64_t build_unix_ms;
	uint32_t count;
	ImageModule *modules;
} Image;

/* The first IMAGE_HEADER_BYTES of an image. False when they are none, or of another format. No checksum is looked at. */
bool image_header(ImageHeader *header, const uint8_t *bytes);
/* Reads and checks a whole image. False after writing why, in one line, into reason; nothing is held then. */
bool image_open(Image *image, const char *path, char *reason, size_t reason_bytes);
/* The same for a file that is open and may go on behind the image; `name` is for the reason. Does not close it. */
bool image_open_slot(Image *image, int file, const char *name, char *reason, size_t reason_bytes);
/* Gives back what an image holds. Idempotent. */
void image_close(Image *image);
/* NULL when there is no such module. */
const ImageModule *image_find(const Image *image, const char *name);
/* From now on the code is like flash: a write to it faults. */
void image_protect(Image *image);

#endif

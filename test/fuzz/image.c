/*
 * hosts/linux/image.c: of a file of any bytes every module that is found lies inside it, and damage of one byte is refused.
 *
 *   byte flags (1: mend the checksum, 2: mend the length, 4: a slot, which may go on behind the image), the file
 */
#include "image.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crc32.h"
#include "expect.h"
#include "input.h"

static void put(uint8_t *at, uint32_t value)
{
	for (int byte = 0; byte < 4; byte++) at[byte] = (uint8_t)(value >> 8 * byte);
}

static bool open_bytes(const uint8_t *data, size_t bytes, bool slot, Image *image)
{
	static int file = -1;
	static char path[40];
	char reason[200];
	bool opened;

	if (file < 0) {
		file = memfd_create("image", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	}
	EXPECT(ftruncate(file, 0) == 0 && pwrite(file, data, bytes, 0) == (ssize_t)bytes);
	opened = slot ? image_open_slot(image, file, "slot-0", reason, sizeof reason) : image_open(image, path, reason, sizeof reason);
	if (!opened) EXPECT(strlen(reason) > 6 && !strchr(reason, '\n'));
	return opened;
}

static void check_module(const Image *image, const ImageModule *module)
{
	const uint8_t *end = image->bytes + image->size, *name = (const uint8_t *)module->name;
	size_t length;

	EXPECT(name >= image->bytes + IMAGE_HEADER_BYTES && name < end);
	length = strnlen(module->name, (size_t)(end - name));
	EXPECT(length > 0 && length <= IMAGE_NAME_MAX && name + length < module->symbols);
	EXPECT(module->symbols_bytes >= 2 && module->symbols + module->symbols_bytes == module->code);
	EXPECT(module->code_bytes > 0 && module->code + module->code_bytes <= end);
	EXPECT(image_find(image, module->name) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	Input input = { data, bytes };
	uint8_t how = input_byte(&input), *copy = input_copy(input);
	Image image, damaged;

	if (input.bytes >= IMAGE_HEADER_BYTES) {
		if (how & 2) put(copy + 20, (uint32_t)input.bytes);
		if (how & 1) put(copy + IMAGE_CRC_OFFSET, crc32_update(crc32_update(0, copy, IMAGE_CRC_OFFSET), copy + IMAGE_CRC_END, input.bytes - IMAGE_CRC_END));
	}
	if (open_bytes(copy, input.bytes, how & 4, &image)) {
		EXPECT((how & 4 ? image.size <= input.bytes : image.size == input.bytes) && image.count > 0 && image.count <= IMAGE_MODULES_MAX);
		for (uint32_t index = 0; index < image.count; index++) {
			const ImageModule *module = &image.modules[index];
			check_module(&image, module);
			/* Nothing of a module lies in the next one's record. */
			if (index + 1 < image.count) EXPECT(module->code + module->code_bytes <= (const uint8_t *)module[1].name - IMAGE_RECORD_BYTES);
		}
		EXPECT(image_find(&image, "") == NULL);
		EXPECT(strlen(image.header.version) <= IMAGE_VERSION_BYTES && strlen(image.header.board) <= IMAGE_BOARD_BYTES);
		copy[image.size / 2] ^= 1;
		EXPECT(!open_bytes(copy, input.bytes, how & 4, &damaged));
		image_close(&damaged);
	}
	image_close(&image);
	free(copy);
	return 0;
}

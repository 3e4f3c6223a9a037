/*
 * What an image says of itself beside ESP-IDF's own description: its sequence and the board it is for. It lies right behind
 * `esp_app_desc_t` in the image's first segment (section .rodata_custom_desc), where it is found without running anything.
 *
 *   offset 0   u32 magic "LKIM"
 *          4   u32 sequence
 *          8   24 bytes: name of the board, ended and filled with zeros
 */
#ifndef LATCHKEY_IMAGE_LABEL_H
#define LATCHKEY_IMAGE_LABEL_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

/* esp_image_header_t, esp_image_segment_header_t, esp_app_desc_t of ESP-IDF 6.0 (port_label.c asserts it). */
enum { IMAGE_LABEL_OFFSET = 24 + 8 + 256, IMAGE_LABEL_MAGIC = 0x4D494B4C };

typedef struct {
	uint32_t magic, sequence;
	char board[PORT_BOARD_NAME_MAX];
} ImageLabel;

_Static_assert(sizeof(ImageLabel) == 32, "ImageLabel");

/* Of this image (port_label.c). Read at run time: what nobody refers to is not taken out of an archive when an image is linked. */
extern const ImageLabel image_label;

/* Magic, a name of 1 to 23 bytes, and nothing behind it. */
bool image_label_is_sound(const ImageLabel *label);
bool image_label_is_for(const ImageLabel *label, const char *board);

#endif

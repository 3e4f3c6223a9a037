/*
 * The two firmware slots as files, "slot-0" and "slot-1", of a fixed size in the state directory, written in place as NOR
 * flash is: an erase sets a sector of 4 KiB to 0xFF, a write only clears bits, so that a forgotten erase shows. Each is
 * durable when it returns; a cut leaves any part of it.
 */
#ifndef LATCHKEY_SLOTS_H
#define LATCHKEY_SLOTS_H

#include "image.h"
#include "port.h"

/* Opens both; a file that is missing or has another size is made anew, erased. `bytes` is of each slot. */
void slots_start(uint32_t bytes);
/* The whole image in a slot. False after writing why, in one line, into reason. */
bool slots_open_image(uint32_t slot, Image *image, char *reason, size_t reason_bytes);
/* A factory line's write: erases the slot, then the image's bytes. False: errno says why. */
bool slots_flash(uint32_t slot, const uint8_t *bytes, size_t count);

/* In any slot; the loader says which one may be written. */
bool slots_erase(uint32_t slot, uint32_t offset);
bool slots_write(uint32_t slot, uint32_t offset, const uint8_t *bytes, size_t count);

#endif

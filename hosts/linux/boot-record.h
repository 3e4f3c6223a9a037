/*
 * What the boot loader keeps: the boot record, and the security floor that an eFuse holds on a board. Each is a small file
 * beside the records, replaced whole (written, synced, renamed, directory synced): a cut leaves the old one or the new one.
 *
 *   boot    offset 0   magic "LKBT"              fuse   offset 0   magic "LKFU"
 *                  4   u8 format version (1)                   4   u8 format version (1)
 *                  5   u8 chosen slot                          5   u8 floor, 0 to 16
 *                  6   u8 state of slot 0                      6   u16 zero
 *                  7   u8 state of slot 1                      8   u32 CRC-32 of bytes 0..7
 *                  8   u32 CRC-32 of bytes 0..7
 *
 * A third file, "flashed", is the header of the image that was flashed last, as it is: who flashes sees by it whether an
 * image is already there. Nothing boots by it.
 */
#ifndef LATCHKEY_BOOT_RECORD_H
#define LATCHKEY_BOOT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

typedef struct {
	uint8_t chosen;
	uint8_t states[PORT_SLOTS];  /* PortSlotState */
} BootRecord;

typedef enum { BOOT_FILE_FOUND, BOOT_FILE_ABSENT, BOOT_FILE_DAMAGED } BootFile;

BootFile boot_record_read(BootRecord *record);
/* Durable when it says true. False: errno says why, the old record stands or the new one. */
bool boot_record_write(const BootRecord *record);
/* Durable when it says true. */
bool boot_record_forget(void);

/* Absent is 0: no fuse is burnt. */
BootFile fuse_read(uint8_t *floor);
/* Never lower than what is there: a floor that is not above it writes nothing and is true. */
bool fuse_raise(uint8_t floor);
/* Where it is damaged, and its caller knows no lower floor that it could have had. */
bool fuse_renew(uint8_t floor);

/* `header` has IMAGE_HEADER_BYTES. */
bool flashed_write(const uint8_t *header);

#endif

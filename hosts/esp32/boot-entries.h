/*
 * The two entries of ESP-IDF's otadata partition and what they mean, for the boot loader's hook (bootloader/) and the firmware's
 * slots (port_slots.c): which slot boots (UPDATE 6 and 7), and which entry is written for what. Pure: reads and writes no flash.
 *
 * Each sector of otadata has one entry (`esp_ota_select_entry_t` of ESP-IDF 6.0), replaced by an erase and a write:
 *
 *   offset 0   u32 sequence; (sequence - 1) modulo 2 names the slot; 0 and 0xFFFFFFFF: no entry
 *          4   20 bytes unused, 0xFF
 *         24   u32 state
 *         28   u32 CRC-32 of bytes 0..3 alone
 *
 * An aborted or invalid slot never boots, whatever lies in it; of a cut between erase and write the other entry decides.
 */
#ifndef LATCHKEY_BOOT_ENTRIES_H
#define LATCHKEY_BOOT_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

enum { BOOT_ENTRIES = 2, BOOT_ENTRY_BYTES = 32, BOOT_NO_SLOT = PORT_SLOTS };

typedef struct {
	uint32_t sequence;
	uint8_t label[20];
	uint32_t state;
	uint32_t check;
} BootEntry;

_Static_assert(sizeof(BootEntry) == BOOT_ENTRY_BYTES, "esp_ota_select_entry_t");

/* States as they lie in flash. */
#define BOOT_STATE_NEW 0u
#define BOOT_STATE_PENDING 1u
#define BOOT_STATE_VALID 2u
#define BOOT_STATE_INVALID 3u
#define BOOT_STATE_ABORTED 4u
#define BOOT_STATE_UNDEFINED 0xFFFFFFFFu

/* Neither erased nor damaged. The state is not under the checksum: one that is none of the above counts as invalid. */
bool boot_entry_is_whole(const BootEntry *entry);

/* What the newest entry that names the slot says; unset without one. */
PortSlotState boot_slot_state(const BootEntry entries[BOOT_ENTRIES], uint32_t slot);

typedef struct {
	bool writes;  /* false: nothing is to be written */
	uint32_t index;  /* of the sector */
	BootEntry entry;
} BootChange;

/* ---- for the boot loader ---- */

typedef struct {
	BootChange aborts[BOOT_ENTRIES];  /* trials that did not confirm: written before anything else */
	uint32_t count;  /* of slots that may boot */
	struct {
		uint32_t slot;
		BootChange trial;  /* on flash before anything of the slot runs; where it cannot be written the slot does not run */
		BootChange refusal;  /* of a new one whose image does not verify */
	} tries[PORT_SLOTS];  /* in this order */
} BootPlan;

void boot_plan(const BootEntry entries[BOOT_ENTRIES], BootPlan *plan);

/* ---- for the firmware; `running` is BOOT_NO_SLOT in the recovery program ---- */

/* What is being replaced boots no more; an aborted one stays aborted. */
BootChange boot_retire(const BootEntry entries[BOOT_ENTRIES], uint32_t running, uint32_t target);
BootChange boot_select(const BootEntry entries[BOOT_ENTRIES], uint32_t running, uint32_t target);
/* Of a pending slot; any other is left as it is. */
BootChange boot_confirm(const BootEntry entries[BOOT_ENTRIES], uint32_t running);
/* The running slot becomes invalid. */
BootChange boot_revert(const BootEntry entries[BOOT_ENTRIES], uint32_t running);

#endif

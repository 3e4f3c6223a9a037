#include "boot-entries.h"

#include <string.h>

/* As esp_rom_crc32_le(UINT32_MAX, ...): CRC-32 that goes on from 0xFFFFFFFF. */
static uint32_t check_of(uint32_t sequence)
{
	uint32_t check = 0;

	for (int index = 0; index < 4; index++) {
		check ^= sequence >> (8 * index) & 0xFF;
		for (int bit = 0; bit < 8; bit++) check = check & 1 ? check >> 1 ^ 0xEDB88320u : check >> 1;
	}
	return ~check;
}

static BootEntry make(uint32_t sequence, uint32_t state)
{
	BootEntry entry = { .sequence = sequence, .state = state, .check = check_of(sequence) };

	memset(entry.label, 0xFF, sizeof entry.label);
	return entry;
}

bool boot_entry_is_whole(const BootEntry *entry)
{
	return entry->sequence != 0 && entry->sequence != UINT32_MAX && entry->check == check_of(entry->sequence);
}

static uint32_t slot_of(const BootEntry *entry)
{
	return (entry->sequence - 1) % PORT_SLOTS;
}

static PortSlotState state_of(const BootEntry *entry)
{
	switch (entry->state) {
		case BOOT_STATE_NEW: return PORT_SLOT_NEW;
		case BOOT_STATE_PENDING: return PORT_SLOT_PENDING;
		case BOOT_STATE_VALID: return PORT_SLOT_VALID;
		case BOOT_STATE_ABORTED: return PORT_SLOT_ABORTED;
		case BOOT_STATE_UNDEFINED: return PORT_SLOT_UNSET;
		default: return PORT_SLOT_INVALID;
	}
}

static bool may_boot(const BootEntry *entry)
{
	PortSlotState state = state_of(entry);

	return state != PORT_SLOT_INVALID && state != PORT_SLOT_ABORTED;
}

/* BOOT_ENTRIES: there is none. */
static uint32_t newest_of(const BootEntry entries[BOOT_ENTRIES], uint32_t slot)
{
	uint32_t found = BOOT_ENTRIES;

	for (uint32_t index = 0; index < BOOT_ENTRIES; index++) {
		if (!boot_entry_is_whole(&entries[index]) || slot_of(&entries[index]) != slot) continue;
		if (found == BOOT_ENTRIES || entries[index].sequence > entries[found].sequence) found = index;
	}
	return found;
}

/* The entry that decides which slot is tried first; BOOT_ENTRIES: there is none. */
static uint32_t active_of(const BootEntry entries[BOOT_ENTRIES])
{
	uint32_t found = BOOT_ENTRIES;

	for (uint32_t index = 0; index < BOOT_ENTRIES; index++) {
		if (!boot_entry_is_whole(&entries[index]) || !may_boot(&entries[index])) continue;
		if (found == BOOT_ENTRIES || entries[index].sequence > entries[found].sequence) found = index;
	}
	return found;
}

PortSlotState boot_slot_state(const BootEntry entries[BOOT_ENTRIES], uint32_t slot)
{
	uint32_t index = newest_of(entries, slot);

	return index == BOOT_ENTRIES ? PORT_SLOT_UNSET : state_of(&entries[index]);
}

/* The lowest sequence above all that there are that names the slot. */
static uint32_t next_sequence(const BootEntry entries[BOOT_ENTRIES], uint32_t slot)
{
	uint32_t most = 0;

	for (uint32_t index = 0; index < BOOT_ENTRIES; index++) {
		if (boot_entry_is_whole(&entries[index]) && entries[index].sequence > most) most = entries[index].sequence;
	}
	return most % PORT_SLOTS == slot ? most + 1 : most + 2;
}

static BootChange in_place(const BootEntry entries[BOOT_ENTRIES], uint32_t index, uint32_t state)
{
	return (BootChange){ true, index, make(entries[index].sequence, state) };
}

/* The sector that is not the running slot's; without one, not the other slot's; else the target's own. */
static uint32_t sector_for(const BootEntry entries[BOOT_ENTRIES], uint32_t running, uint32_t target)
{
	uint32_t kept = newest_of(entries, running == BOOT_NO_SLOT ? PORT_SLOTS - 1 - target : running), own;

	if (kept != BOOT_ENTRIES) return BOOT_ENTRIES - 1 - kept;
	own = newest_of(entries, target);
	return own != BOOT_ENTRIES ? own : BOOT_ENTRIES - 1;
}

/* ---- the boot loader ---- */

void boot_plan(const BootEntry entries[BOOT_ENTRIES], BootPlan *plan)
{
	BootEntry now[BOOT_ENTRIES];
	uint32_t active, chosen;

	memset(plan, 0, sizeof *plan);
	memcpy(now, entries, sizeof now);
	for (uint32_t index = 0; index < BOOT_ENTRIES; index++) {
		if (!boot_entry_is_whole(&now[index]) || now[index].state != BOOT_STATE_PENDING) continue;
		plan->aborts[index] = in_place(now, index, BOOT_STATE_ABORTED);
		now[index] = plan->aborts[index].entry;
	}
	active = active_of(now);
	chosen = active == BOOT_ENTRIES ? 0 : slot_of(&now[active]);
	for (uint32_t each = 0; each < PORT_SLOTS; each++) {
		uint32_t slot = each == 0 ? chosen : PORT_SLOTS - 1 - chosen, index = newest_of(now, slot);
		PortSlotState state = boot_slot_state(now, slot);
		bool is_trial = state == PORT_SLOT_NEW && slot == chosen;

		if (state != PORT_SLOT_UNSET && state != PORT_SLOT_VALID && !is_trial) continue;
		plan->tries[plan->count].slot = slot;
		if (is_trial) {
			plan->tries[plan->count].trial = in_place(now, index, BOOT_STATE_PENDING);
			plan->tries[plan->count].refusal = in_place(now, index, BOOT_STATE_ABORTED);
		}
		plan->count++;
	}
}

/* ---- the firmware ---- */

BootChange boot_retire(const BootEntry entries[BOOT_ENTRIES], uint32_t running, uint32_t target)
{
	PortSlotState state = boot_slot_state(entries, target);

	if (state == PORT_SLOT_INVALID || state == PORT_SLOT_ABORTED) return (BootChange){ 0 };
	return (BootChange){ true, sector_for(entries, running, target), make(next_sequence(entries, target), BOOT_STATE_INVALID) };
}

BootChange boot_select(const BootEntry entries[BOOT_ENTRIES], uint32_t running, uint32_t target)
{
	return (BootChange){ true, sector_for(entries, running, target), make(next_sequence(entries, target), BOOT_STATE_NEW) };
}

BootChange boot_confirm(const BootEntry entries[BOOT_ENTRIES], uint32_t running)
{
	uint32_t index = newest_of(entries, running);

	if (index == BOOT_ENTRIES || entries[index].state != BOOT_STATE_PENDING) return (BootChange){ 0 };
	return in_place(entries, index, BOOT_STATE_VALID);
}

BootChange boot_revert(const BootEntry entries[BOOT_ENTRIES], uint32_t running)
{
	uint32_t index = newest_of(entries, running);

	if (index != BOOT_ENTRIES) return in_place(entries, index, BOOT_STATE_INVALID);
	return (BootChange){ true, sector_for(entries, PORT_SLOTS - 1 - running, running), make(next_sequence(entries, running), BOOT_STATE_INVALID) };
}

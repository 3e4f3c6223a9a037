/*
 * The firmware slots, for slots.ts. What a wrong caller could do to them is refused here, once, past every handler: to ask a
 * machine without slots, to touch a slot while the running image is on trial (the other one is what a failed trial goes back
 * to), to write across a sector, to confirm what does not run from a slot.
 */

#include <stdlib.h>

#include "hash.h"
#include "mc.xs.h"
#include "port.h"

static const char IO[] = "slot/io", NO_IMAGE[] = "slot/no-image";

void xs_lk_slot_bytes(xsMachine *the);
void xs_lk_slot_board(xsMachine *the);
void xs_lk_slot_running(xsMachine *the);
void xs_lk_slot_target(xsMachine *the);
void xs_lk_slot_state(xsMachine *the);
void xs_lk_slot_image(xsMachine *the);
void xs_lk_slot_read(xsMachine *the);
void xs_lk_slot_hash(xsMachine *the);
void xs_lk_slot_erase(xsMachine *the);
void xs_lk_slot_write(xsMachine *the);
void xs_lk_slot_append(xsMachine *the);
void xs_lk_slot_retire(xsMachine *the);
void xs_lk_boot_select(xsMachine *the);
void xs_lk_boot_confirm(xsMachine *the);
void xs_lk_boot_revert(xsMachine *the);
void xs_lk_boot_security_floor(xsMachine *the);
void xs_lk_boot_security_floor_is_known(xsMachine *the);
void xs_lk_boot_raise_security_floor(xsMachine *the);

static void need_slots(xsMachine *the)
{
	if (port_slot_bytes() == 0) xsUnknownError("slots: this machine has none");
}

static void need_running(xsMachine *the)
{
	uint32_t slot;

	need_slots(the);
	if (!port_slot_running(&slot)) xsUnknownError("slots: none runs");
}

static void need_target(xsMachine *the)
{
	uint32_t slot;

	need_slots(the);
	if (port_slot_running(&slot) && port_slot_state(slot) == PORT_SLOT_PENDING) xsUnknownError("slots: the running image is on trial");
}

static uint32_t slot_argument(xsMachine *the, int index)
{
	need_slots(the);
	return (uint32_t)lk_number(the, index, 0, PORT_SLOTS - 1);
}

static void answer(xsMachine *the, bool done)
{
	if (!done) lk_fault(the, IO);
}

/* ---- what there is ---- */

void xs_lk_slot_bytes(xsMachine *the)
{
	xsmcSetNumber(xsResult, port_slot_bytes());
}

void xs_lk_slot_board(xsMachine *the)
{
	xsmcSetString(xsResult, (xsStringValue)port_slot_board());
}

/* Undefined when none runs. */
void xs_lk_slot_running(xsMachine *the)
{
	uint32_t slot;

	if (port_slot_running(&slot)) xsmcSetInteger(xsResult, (xsIntegerValue)slot);
}

void xs_lk_slot_target(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)port_slot_target());
}

/* (slot): a PortSlotState */
void xs_lk_slot_state(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)port_slot_state(slot_argument(the, 0)));
}

static void set_number(xsMachine *the, xsIdentifier id, uint32_t value)
{
	xsmcSetNumber(xsVar(0), value);
	xsmcSet(xsResult, id, xsVar(0));
}

/* (slot): undefined when it begins with no image */
void xs_lk_slot_image(xsMachine *the)
{
	uint32_t slot = slot_argument(the, 0);
	PortSlotImage image;

	if (!port_slot_image(slot, &image)) return;
	xsmcVars(1);
	xsmcSetNewObject(xsResult);
	set_number(the, xsID_bytes, image.bytes);
	set_number(the, xsID_sequence, image.sequence);
	set_number(the, xsID_securityVersion, image.security_version);
	xsmcSetString(xsVar(0), image.version);
	xsmcSet(xsResult, xsID_version, xsVar(0));
}

/* ---- bytes ---- */

/* (slot, offset, count, out) */
void xs_lk_slot_read(xsMachine *the)
{
	uint32_t slot = slot_argument(the, 0), slot_bytes = port_slot_bytes();
	uint32_t count = (uint32_t)lk_number(the, 2, 1, PORT_SLOT_SECTOR_BYTES);
	uint32_t offset = (uint32_t)lk_number(the, 1, 0, slot_bytes - count);

	answer(the, port_slot_read(slot, offset, lk_output(the, 3, count), count));
}

/* (slot, offset, count, hash): as if what is there were read and hashed, and none of it becomes an object of the engine */
void xs_lk_slot_hash(xsMachine *the)
{
	uint8_t *part;
	uint32_t slot = slot_argument(the, 0), slot_bytes = port_slot_bytes();
	uint32_t count = (uint32_t)lk_number(the, 2, 1, slot_bytes);
	uint32_t offset = (uint32_t)lk_number(the, 1, 0, slot_bytes - count);
	psa_hash_operation_t *hash = lk_hash_argument(the, 3);

	part = malloc(PORT_SLOT_SECTOR_BYTES);
	if (!part) {
		lk_fault(the, "memory/exhausted");
		return;
	}
	for (uint32_t end = offset + count, bytes; offset < end; offset += bytes) {
		bytes = end - offset < PORT_SLOT_SECTOR_BYTES ? end - offset : PORT_SLOT_SECTOR_BYTES;
		if (!port_slot_read(slot, offset, part, bytes)) {
			lk_fault(the, IO);
			break;
		}
		if (!lk_psa_done(the, psa_hash_update(hash, part, bytes))) break;
	}
	free(part);
}

/* (offset) */
void xs_lk_slot_erase(xsMachine *the)
{
	uint32_t offset;

	need_target(the);
	offset = (uint32_t)lk_number(the, 0, 0, port_slot_bytes() - PORT_SLOT_SECTOR_BYTES);
	if (offset % PORT_SLOT_SECTOR_BYTES != 0) xsRangeError("slots: no sector begins at %u", (unsigned)offset);
	answer(the, port_slot_erase(offset));
}

/* (offset, bytes) */
void xs_lk_slot_write(xsMachine *the)
{
	uint32_t offset, room;
	LkSpan span;

	need_target(the);
	offset = (uint32_t)lk_number(the, 0, 0, port_slot_bytes() - 1);
	room = PORT_SLOT_SECTOR_BYTES - offset % PORT_SLOT_SECTOR_BYTES;
	span = lk_bytes(the, 1, 1, room);
	answer(the, port_slot_write(offset, span.data, span.bytes));
}

/* (offset, bytes, hash): the hash goes on; a sector that begins at offset is erased first */
void xs_lk_slot_append(xsMachine *the)
{
	uint32_t offset, within;
	LkSpan span;

	need_target(the);
	offset = (uint32_t)lk_number(the, 0, 0, port_slot_bytes() - 1);
	within = offset % PORT_SLOT_SECTOR_BYTES;
	span = lk_bytes(the, 1, 1, PORT_SLOT_SECTOR_BYTES - within);
	if (!lk_psa_done(the, psa_hash_update(lk_hash_argument(the, 2), span.data, span.bytes))) return;
	answer(the, (within != 0 || port_slot_erase(offset)) && port_slot_write(offset, span.data, span.bytes));
}

void xs_lk_slot_retire(xsMachine *the)
{
	need_target(the);
	answer(the, port_slot_retire());
}

/* ---- the choice ---- */

void xs_lk_boot_select(xsMachine *the)
{
	need_target(the);
	answer(the, port_boot_select());
}

void xs_lk_boot_confirm(xsMachine *the)
{
	need_running(the);
	answer(the, port_boot_confirm());
}

/* Returns only a fault. */
void xs_lk_boot_revert(xsMachine *the)
{
	need_slots(the);
	lk_fault(the, port_boot_revert() == PORT_REVERT_IO ? IO : NO_IMAGE);
}

void xs_lk_boot_security_floor(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)port_boot_security_floor());
}

void xs_lk_boot_security_floor_is_known(xsMachine *the)
{
	xsmcSetBoolean(xsResult, port_boot_security_floor_is_known());
}

/* (version) */
void xs_lk_boot_raise_security_floor(xsMachine *the)
{
	uint32_t version = (uint32_t)lk_number(the, 0, 0, PORT_SECURITY_FLOOR_MAX);

	need_slots(the);
	answer(the, port_boot_raise_security_floor(version));
}

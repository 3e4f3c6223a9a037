#include "boot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "boot-record.h"
#include "fatal.h"
#include "port.h"
#include "slots.h"
#include "watchdog.h"

enum { NONE = PORT_SLOTS, LINE_BYTES = 384 };

static BootRecord record;
/* False after a write that failed, which may be on flash all the same: the next one goes there whatever it says. */
static bool record_is_stored = true;
/* Of a damaged fuse it is what the confirmed images say, and nothing boots by it. */
static uint8_t security_floor;
static bool fuse_is_damaged;
static uint32_t running = NONE, target;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	port_log(line);
}

/* The record in memory changes when the write is durable. */
static bool put_record(BootRecord next)
{
	if (record_is_stored && memcmp(&next, &record, sizeof next) == 0) return true;
	record_is_stored = boot_record_write(&next);
	if (!record_is_stored) {
		say("boot record: %s", strerror(errno));
		return false;
	}
	record = next;
	return true;
}

/* ---- a factory line ---- */

/* The record goes first and comes last: a cut in between leaves none, and the next start flashes again. */
static void flash(void)
{
	static const BootRecord factory = { 0, { PORT_SLOT_UNSET, PORT_SLOT_UNSET } };
	Image image;
	char reason[LINE_BYTES];

	if (!board.image) fatal("boot: slots without a boot record, and no --image to flash");
	if (!image_open(&image, board.image, reason, sizeof reason)) fatal("%s", reason);
	if (strcmp(image.header.board, BOARD_NAME) != 0) fatal("image %s: is for another board (%s)", board.image, image.header.board);
	if (image.size > port_slot_bytes()) fatal("image %s: %zu bytes do not fit a slot of %u", board.image, image.size, port_slot_bytes());
	if (!boot_record_forget() || !slots_flash(0, image.bytes, image.size) || !boot_record_write(&factory)
		|| !flashed_write(image.bytes)) {
		fatal("flash: %s", strerror(errno));
	}
	record = factory;
	record_is_stored = true;
	say("boot: flashed %zu bytes into slot 0", image.size);
	image_close(&image);
}

/* ---- which slot ---- */

/* NULL, with the image open, or why the slot does not boot. */
static const char *refusal(uint32_t slot, Image *image, char *reason, size_t bytes)
{
	if (!slots_open_image(slot, image, reason, bytes)) return reason;
	if (strcmp(image->header.board, BOARD_NAME) != 0) snprintf(reason, bytes, "slot-%u: is for another board", slot);
	else if (image->header.security_version < security_floor) {
		snprintf(reason, bytes, "slot-%u: security version %u is below the floor %u", slot, image->header.security_version, security_floor);
	}
	else return NULL;
	image_close(image);
	return reason;
}

static bool state_boots(uint32_t slot)
{
	uint8_t state = record.states[slot];

	return state == PORT_SLOT_UNSET || state == PORT_SLOT_VALID || (state == PORT_SLOT_NEW && record.chosen == slot);
}

/* A trial that did not confirm, for whatever reason. What cannot be recorded is found again by the next boot. */
static void abort_trials(void)
{
	BootRecord next = record;

	for (uint32_t slot = 0; slot < PORT_SLOTS; slot++) {
		if (next.states[slot] != PORT_SLOT_PENDING) continue;
		say("boot: the trial of slot %u did not confirm", slot);
		next.states[slot] = PORT_SLOT_ABORTED;
	}
	if (!put_record(next)) record = next;
}

/* The trial is on record before anything of the image runs; without that it does not run. */
static bool admit(uint32_t slot)
{
	BootRecord next = record;
	bool recorded;

	next.chosen = (uint8_t)slot;
	if (next.states[slot] == PORT_SLOT_NEW) next.states[slot] = PORT_SLOT_PENDING;
	recorded = put_record(next);
	return recorded || next.states[slot] != PORT_SLOT_PENDING;
}

static bool try_slot(uint32_t slot, Image *image)
{
	char reason[LINE_BYTES];
	BootRecord next;

	if (!state_boots(slot)) {
		say("boot: slot %u is %s", slot, record.states[slot] == PORT_SLOT_ABORTED ? "aborted" : "not valid");
		return false;
	}
	if (!refusal(slot, image, reason, sizeof reason)) {
		if (admit(slot)) return true;
		image_close(image);
		return false;
	}
	say("boot: %s", reason);
	next = record;
	if (next.states[slot] != PORT_SLOT_NEW) return false;
	next.states[slot] = PORT_SLOT_ABORTED;
	put_record(next);
	return false;
}

/* Slot 0, unless it alone holds an image that was refused for nothing but its state. */
static uint32_t least_useful_slot(void)
{
	char reason[LINE_BYTES];
	bool whole[PORT_SLOTS];

	for (uint32_t slot = 0; slot < PORT_SLOTS; slot++) {
		Image image;
		whole[slot] = !refusal(slot, &image, reason, sizeof reason);
		if (whole[slot]) image_close(&image);
	}
	return whole[0] && !whole[1] ? 1 : 0;
}

static void recover(Image *image, const char **main_module)
{
	char reason[LINE_BYTES];

	if (!board.recovery) fatal("boot: neither slot boots, and there is no --recovery image");
	if (!image_open(image, board.recovery, reason, sizeof reason)) fatal("%s", reason);
	*main_module = "recovery";
	say("boot: recovery, which writes slot %u", target);
}

/* Booted before and never failed, or flashed; a new one says nothing of the floor, which follows what was confirmed. */
static bool is_confirmed(uint32_t slot)
{
	return record.states[slot] == PORT_SLOT_UNSET || record.states[slot] == PORT_SLOT_VALID;
}

/* The highest security version of what is confirmed and would boot but for the fuse. */
static uint8_t least_floor(void)
{
	char reason[LINE_BYTES];
	uint32_t floor = 0;

	for (uint32_t slot = 0; slot < PORT_SLOTS; slot++) {
		Image image;
		if (!is_confirmed(slot) || refusal(slot, &image, reason, sizeof reason)) continue;
		if (image.header.security_version > floor) floor = image.header.security_version;
		image_close(&image);
	}
	return floor < PORT_SECURITY_FLOOR_MAX ? (uint8_t)floor : PORT_SECURITY_FLOOR_MAX;
}

/* Not the confirmed image that runs again once the fuse is written anew, or that a trial goes back to then; of two the chosen one. */
static uint32_t slot_beside_the_confirmed(void)
{
	char reason[LINE_BYTES];
	Image image;

	for (uint32_t tries = 0; tries < PORT_SLOTS; tries++) {
		uint32_t slot = tries == 0 ? record.chosen : PORT_SLOTS - 1 - record.chosen;
		if (!is_confirmed(slot) || refusal(slot, &image, reason, sizeof reason)) continue;
		image_close(&image);
		return PORT_SLOTS - 1 - slot;
	}
	return least_useful_slot();
}

/* A floor that cannot be read is not zero: no slot boots by a guess (I3). The recovery program knows the floors on record. */
static void recover_fuse(Image *image, const char **main_module)
{
	if (!board.recovery) fatal("fuse: the security floor cannot be read");
	security_floor = least_floor();
	say("fuse: the security floor cannot be read; it is %u at least", security_floor);
	target = slot_beside_the_confirmed();
	recover(image, main_module);
}

void boot_start(Image *image, const char **main_module)
{
	char reason[LINE_BYTES];
	uint32_t first;
	BootFile found;

	*main_module = board.main_module;
	if (board.slot_bytes == 0) {
		if (!image_open(image, board.image, reason, sizeof reason)) fatal("%s", reason);
		return;
	}
	slots_start(board.slot_bytes);
	fuse_is_damaged = fuse_read(&security_floor) == BOOT_FILE_DAMAGED;
	found = boot_record_read(&record);
	if (found == BOOT_FILE_DAMAGED) say("boot record: damaged; both slots are unset");
	if (found == BOOT_FILE_ABSENT || board.flash) flash();
	abort_trials();
	if (fuse_is_damaged) {
		recover_fuse(image, main_module);
		return;
	}
	first = record.chosen;
	for (uint32_t tries = 0; tries < PORT_SLOTS && running == NONE; tries++) {
		uint32_t slot = tries == 0 ? first : PORT_SLOTS - 1 - first;
		if (try_slot(slot, image)) running = slot;
	}
	if (running == NONE) {
		target = least_useful_slot();
		recover(image, main_module);
		return;
	}
	target = PORT_SLOTS - 1 - running;
	if (record.states[running] == PORT_SLOT_PENDING) watchdog_trial(board.trial_ms);
}

/* ---- port.h ---- */

const char *port_slot_board(void)
{
	return BOARD_NAME;
}

bool port_slot_running(uint32_t *slot)
{
	if (running == NONE) return false;
	*slot = running;
	return true;
}

uint32_t port_slot_target(void)
{
	return target;
}

PortSlotState port_slot_state(uint32_t slot)
{
	return (PortSlotState)record.states[slot];
}

/*
 * What is being replaced boots no more, whatever it was, before its first byte is another one: pieces reach flash before their
 * digest is known, and a checksum is no signature (I4, T10). Only port_boot_select makes it bootable. An aborted slot stays aborted.
 */
static bool retire_target(void)
{
	BootRecord next = record;

	if (next.states[target] != PORT_SLOT_ABORTED) next.states[target] = PORT_SLOT_INVALID;
	if (running != NONE) next.chosen = (uint8_t)running;
	return put_record(next);
}

bool port_slot_erase(uint32_t offset)
{
	return retire_target() && slots_erase(target, offset);
}

bool port_slot_write(uint32_t offset, const uint8_t *bytes, size_t count)
{
	return retire_target() && slots_write(target, offset, bytes, count);
}

bool port_slot_retire(void)
{
	return retire_target();
}

/* Not under a floor that nobody knows: whatever it chose would not boot. */
bool port_boot_select(void)
{
	BootRecord next = record;

	if (fuse_is_damaged) return false;
	next.chosen = (uint8_t)target;
	next.states[target] = PORT_SLOT_NEW;
	return put_record(next);
}

bool port_boot_confirm(void)
{
	BootRecord next = record;

	if (next.states[running] == PORT_SLOT_PENDING) next.states[running] = PORT_SLOT_VALID;
	if (!put_record(next)) return false;
	watchdog_trial_passed();
	return true;
}

PortRevert port_boot_revert(void)
{
	BootRecord next = record;
	char reason[LINE_BYTES];
	uint32_t other = target;
	Image image;

	if (running == NONE || record.states[other] == PORT_SLOT_ABORTED || record.states[other] == PORT_SLOT_INVALID
		|| refusal(other, &image, reason, sizeof reason)) {
		return PORT_REVERT_NO_IMAGE;
	}
	next.chosen = (uint8_t)other;
	next.states[running] = PORT_SLOT_INVALID;
	if (!put_record(next)) return PORT_REVERT_IO;
	port_log("boot: reverts");
	halt(EXIT_REBOOT);
}

uint32_t port_boot_security_floor(void)
{
	return security_floor;
}

bool port_boot_security_floor_is_known(void)
{
	return !fuse_is_damaged;
}

/* A damaged fuse is written anew, no lower than what it is at least. */
bool port_boot_raise_security_floor(uint32_t version)
{
	uint8_t floor = version > security_floor ? (uint8_t)version : security_floor;

	if (floor == security_floor && !fuse_is_damaged) return true;
	if (!(fuse_is_damaged ? fuse_renew(floor) : fuse_raise(floor))) return false;
	security_floor = floor;
	fuse_is_damaged = false;
	return true;
}

/*
 * The portable C of hosts/esp32 on this machine, under the sanitizers (test/tools/board-c.test.ts compiles and runs it): prints
 * "ok - name" or "not ok - name (line)" for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot-entries.h"
#include "cut-table.h"
#include "entropy-source.h"
#include "image-label.h"
#include "reset-note.h"
#include "station.h"
#include "watch-set.h"

static int failed_line;

#define NEED(condition) do { if (!(condition) && !failed_line) failed_line = __LINE__; } while (0)

static void report(const char *name)
{
	if (failed_line) printf("not ok - %s (line %d)\n", name, failed_line);
	else printf("ok - %s\n", name);
	failed_line = 0;
}

/* ---- boot entries ---- */

enum { KINDS = 8 };  /* six states, erased, damaged */
static const uint32_t STATES[] = { BOOT_STATE_NEW, BOOT_STATE_PENDING, BOOT_STATE_VALID, BOOT_STATE_INVALID, BOOT_STATE_ABORTED, BOOT_STATE_UNDEFINED };

/* Sequences whose checksums are known: of ESP-IDF's own otatool (binascii.crc32(..., 0xFFFFFFFF)). */
static const struct {
	uint32_t sequence, check;
} KNOWN[] = { { 1, 0x4743989A }, { 2, 0x55F63774 } };

static BootEntry entry_of(uint32_t sequence, int kind)
{
	BootEntry none, made;
	BootEntry both[BOOT_ENTRIES];

	memset(&none, 0xFF, sizeof none);
	if (kind == 6) return none;
	/* A valid entry, made as the firmware makes it, of the sequence that was asked for. */
	both[0] = both[1] = none;
	for (uint32_t at = 0; at < sequence;) {
		BootChange change = boot_select(both, BOOT_NO_SLOT, at % PORT_SLOTS == 0 ? 0 : 1);
		both[0] = change.entry;
		both[1] = none;
		at = change.entry.sequence;
	}
	made = both[0];
	made.state = kind < 6 ? STATES[kind] : BOOT_STATE_VALID;
	if (kind == 7) made.check ^= 1;
	return made;
}

static void test_checksums(void)
{
	for (size_t index = 0; index < sizeof KNOWN / sizeof *KNOWN; index++) {
		BootEntry entry = entry_of(KNOWN[index].sequence, 2);
		NEED(entry.sequence == KNOWN[index].sequence && entry.check == KNOWN[index].check);
		NEED(boot_entry_is_whole(&entry));
	}
	BootEntry damaged = entry_of(1, 7), erased = entry_of(1, 6);
	NEED(!boot_entry_is_whole(&damaged) && !boot_entry_is_whole(&erased));
	report("an entry has the checksum that ESP-IDF's tools make");
}

static bool plan_has(const BootPlan *plan, uint32_t slot)
{
	for (uint32_t each = 0; each < plan->count; each++) {
		if (plan->tries[each].slot == slot) return true;
	}
	return false;
}

static void apply(BootEntry entries[BOOT_ENTRIES], BootChange change)
{
	if (change.writes) entries[change.index] = change.entry;
}

/* Power went between the erase and the write. */
static void cut(BootEntry entries[BOOT_ENTRIES], BootChange change)
{
	if (change.writes) memset(&entries[change.index], 0xFF, sizeof *entries);
}

static void each_pair(void (*judge)(const BootEntry entries[BOOT_ENTRIES]))
{
	for (int first = 0; first < KINDS; first++) {
		for (int second = 0; second < KINDS; second++) {
			for (uint32_t a = 1; a <= 4; a++) {
				for (uint32_t b = 1; b <= 4; b++) {
					BootEntry entries[BOOT_ENTRIES] = { entry_of(a, first), entry_of(b, second) };
					if (a != b) judge(entries);
				}
			}
		}
	}
}

static void judge_plan(const BootEntry entries[BOOT_ENTRIES])
{
	BootPlan plan;

	boot_plan(entries, &plan);
	NEED(plan.count <= PORT_SLOTS);
	for (uint32_t slot = 0; slot < PORT_SLOTS; slot++) {
		PortSlotState state = boot_slot_state(entries, slot);
		bool never = state == PORT_SLOT_INVALID || state == PORT_SLOT_ABORTED || state == PORT_SLOT_PENDING;
		if (never) NEED(!plan_has(&plan, slot));
		if (state == PORT_SLOT_UNSET || state == PORT_SLOT_VALID) NEED(plan_has(&plan, slot));
	}
	for (uint32_t each = 0; each < plan.count; each++) {
		bool is_new = boot_slot_state(entries, plan.tries[each].slot) == PORT_SLOT_NEW;
		NEED(plan.tries[each].trial.writes == is_new && plan.tries[each].refusal.writes == is_new);
		if (is_new) NEED(each == 0 && plan.tries[each].trial.entry.state == BOOT_STATE_PENDING && plan.tries[each].refusal.entry.state == BOOT_STATE_ABORTED);
	}
	for (uint32_t index = 0; index < BOOT_ENTRIES; index++) {
		bool was_pending = boot_entry_is_whole(&entries[index]) && entries[index].state == BOOT_STATE_PENDING;
		NEED(plan.aborts[index].writes == was_pending);
		if (was_pending) NEED(plan.aborts[index].entry.state == BOOT_STATE_ABORTED && plan.aborts[index].entry.sequence == entries[index].sequence);
	}
}

/* What runs is what the plan would have started: an update goes on from there. */
static void judge_update(const BootEntry entries[BOOT_ENTRIES])
{
	BootEntry now[BOOT_ENTRIES], was[BOOT_ENTRIES];
	BootPlan plan;
	BootChange change;
	uint32_t running, target;

	boot_plan(entries, &plan);
	if (plan.count == 0) return;
	memcpy(now, entries, sizeof now);
	for (uint32_t index = 0; index < BOOT_ENTRIES; index++) apply(now, plan.aborts[index]);
	running = plan.tries[0].slot;
	if (plan.tries[0].trial.writes) {
		apply(now, plan.tries[0].trial);
		NEED(boot_slot_state(now, running) == PORT_SLOT_PENDING);
		/* A trial that ends without a word never boots again. */
		boot_plan(now, &plan);
		NEED(!plan_has(&plan, running));
		apply(now, boot_confirm(now, running));
		NEED(boot_slot_state(now, running) == PORT_SLOT_VALID);
	}
	target = PORT_SLOTS - 1 - running;
	memcpy(was, now, sizeof was);
	change = boot_retire(now, running, target);
	cut(was, change);
	boot_plan(was, &plan);
	NEED(plan_has(&plan, running));
	apply(now, change);
	boot_plan(now, &plan);
	NEED(!plan_has(&plan, target) && plan_has(&plan, running) && plan.tries[0].slot == running);
	NEED(!boot_retire(now, running, target).writes);
	/* Selected: it comes first, once. */
	memcpy(was, now, sizeof was);
	change = boot_select(now, running, target);
	cut(was, change);
	boot_plan(was, &plan);
	NEED(plan_has(&plan, running));
	apply(now, change);
	boot_plan(now, &plan);
	NEED(plan.count > 0 && plan.tries[0].slot == target && plan.tries[0].trial.writes && plan_has(&plan, running));
	apply(now, plan.tries[0].trial);
	memcpy(was, now, sizeof was);
	/* Confirmed: it stays, also where power went in between. */
	change = boot_confirm(now, target);
	cut(was, change);
	boot_plan(was, &plan);
	NEED(plan.count > 0);
	apply(now, change);
	boot_plan(now, &plan);
	NEED(plan.tries[0].slot == target && !plan.tries[0].trial.writes);
	/* Reverted: it never boots, the other does. */
	apply(now, boot_revert(now, target));
	boot_plan(now, &plan);
	NEED(!plan_has(&plan, target) && plan_has(&plan, running));
}

/* ---- the other parts ---- */

static void test_reset_notes(void)
{
	ResetNote note;

	memset(&note, 0xA5, sizeof note);
	NEED(!reset_note_is_whole(&note) && strcmp(reset_reason_text(RESET_BY_POWER, &note), "power-on") == 0);
	NEED(reset_fault_text(RESET_BY_POWER, &note) == NULL);
	reset_note_write(&note, RESET_EXCEPTION, "unhandled exception");
	NEED(reset_note_is_whole(&note) && strcmp(reset_reason_text(RESET_BY_SOFTWARE, &note), "exception") == 0);
	NEED(strcmp(reset_fault_text(RESET_BY_SOFTWARE, &note), "unhandled exception") == 0);
	/* A power cut in between: the note is another boot's. */
	NEED(strcmp(reset_reason_text(RESET_BY_POWER, &note), "power-on") == 0 && !reset_fault_text(RESET_BY_POWER, &note));
	reset_note_write(&note, RESET_EXCEPTION, "pin=1234\n\x1b[0m");
	NEED(strcmp(reset_fault_text(RESET_BY_SOFTWARE, &note), "pin?1234??[0m") == 0);
	for (size_t index = 0; index < sizeof note - sizeof note.check; index++) {
		ResetNote flipped = note;
		((uint8_t *)&flipped)[index] ^= 4;
		NEED(!reset_note_is_whole(&flipped));
	}
	reset_note_write(&note, RESET_REQUESTED, NULL);
	NEED(strcmp(reset_reason_text(RESET_BY_SOFTWARE, &note), "requested") == 0 && !reset_fault_text(RESET_BY_SOFTWARE, &note));
	reset_note_write(&note, RESET_TRIAL_DEADLINE, "trial-deadline");
	NEED(strcmp(reset_reason_text(RESET_BY_SOFTWARE, &note), "watchdog") == 0);
	reset_note_forget(&note);
	NEED(strcmp(reset_reason_text(RESET_BY_SOFTWARE, &note), "stack") == 0 && strcmp(reset_reason_text(RESET_BY_WATCHDOG, &note), "watchdog") == 0);
	NEED(strcmp(reset_fault_text(RESET_BY_BROWN_OUT, &note), "brown-out") == 0 && strcmp(reset_reason_text(RESET_BY_BROWN_OUT, &note), "unknown") == 0);
	NEED(reset_reason_of_abort("memory full") == RESET_MEMORY && reset_reason_of_abort("fatal") == RESET_EXCEPTION && reset_reason_of_abort(NULL) == RESET_EXCEPTION);
	report("a reset is told by the chip and the note, and a note by a power cut is none");
}

static int cuts_called;

static void on_cut(uint32_t slot)
{
	(void)slot;
	cuts_called++;
}

static void test_cuts(void)
{
	CutTable table = { 0 };
	uint32_t slot = 99;

	NEED(cut_table_first(&table) == 0 && !cut_table_take(&table, UINT64_MAX, &slot));
	cut_table_arm(&table, 0, 500, on_cut);
	cut_table_arm(&table, 2, 300, on_cut);
	cut_table_arm(&table, 1, 0, on_cut);
	NEED(cut_table_first(&table) == 1);
	NEED(cut_table_take(&table, 1, &slot) == on_cut && slot == 1);
	NEED(cut_table_first(&table) == 300 && !cut_table_take(&table, 299, &slot));
	NEED(cut_table_take(&table, 300, &slot) == on_cut && slot == 2 && !cut_table_take(&table, 300, &slot));
	cut_table_arm(&table, 0, 900, on_cut);
	NEED(cut_table_first(&table) == 900);
	cut_table_disarm(&table, 0);
	NEED(cut_table_first(&table) == 0 && cuts_called == 0);
	report("of several deadlines the first is next, and each is due once");
}

static void test_entropy(void)
{
	for (int source = ENTROPY_SOURCE_OFF; source <= ENTROPY_SOURCE_RADIO; source++) {
		for (int event = ENTROPY_START; event <= ENTROPY_RADIO_STOPS; event++) {
			EntropyAct act;
			EntropySource next = entropy_source_step((EntropySource)source, (EntropyEvent)event, &act);
			bool noise_was = source == ENTROPY_SOURCE_NOISE, noise_is = next == ENTROPY_SOURCE_NOISE;
			NEED((act == ENTROPY_NOISE_ON) == (!noise_was && noise_is) && (act == ENTROPY_NOISE_OFF) == (noise_was && !noise_is));
			/* The radio and the noise source are never on at once. */
			if (next == ENTROPY_SOURCE_RADIO) NEED(source == ENTROPY_SOURCE_GAP || source == ENTROPY_SOURCE_RADIO);
		}
	}
	NEED(!entropy_source_is_true(ENTROPY_SOURCE_OFF) && !entropy_source_is_true(ENTROPY_SOURCE_GAP));
	NEED(entropy_source_is_true(ENTROPY_SOURCE_NOISE) && entropy_source_is_true(ENTROPY_SOURCE_RADIO));
	report("nothing draws while neither the noise source nor the radio is on");
}

static void on_ready(void *context, int events)
{
	(void)context, (void)events;
}

static void test_watches(void)
{
	WatchSet set = { 0 };
	PortWatch *watch, *others[WATCHES_MAX];
	uint32_t selected;
	void *context;
	int events;

	watch = watch_set_add(&set, 7, PORT_READABLE, on_ready, &set);
	NEED(watch && !watch_set_ready(watch, watch->serial, PORT_WRITABLE));
	NEED(watch_set_ready(watch, watch->serial, PORT_READABLE | PORT_WRITABLE) && !watch_set_ready(watch, watch->serial, PORT_READABLE));
	NEED(watch_set_deliver(watch, &context, &events) == on_ready && context == &set && events == PORT_READABLE);
	/* Removed while the message is under way: nothing is called, and the place is free only then. */
	NEED(watch_set_ready(watch, watch->serial, PORT_READABLE));
	selected = watch->serial;
	watch_set_remove(watch);
	for (int index = 0; index < WATCHES_MAX - 1; index++) others[index] = watch_set_add(&set, index, PORT_READABLE, on_ready, NULL);
	NEED(others[WATCHES_MAX - 2] && !watch_set_add(&set, 7, PORT_READABLE, on_ready, NULL));
	NEED(!watch_set_deliver(watch, &context, &events) && watch_set_add(&set, 7, PORT_READABLE, on_ready, NULL) == watch);
	/* What was selected on for the watch before it in this place says nothing about this one, also of a socket that has its number again. */
	NEED(watch->descriptor == 7 && !watch_set_ready(watch, selected, PORT_READABLE));
	/* What is no longer wanted is not told. */
	NEED(watch_set_ready(watch, watch->serial, PORT_READABLE));
	watch->events = PORT_WRITABLE;
	NEED(!watch_set_deliver(watch, &context, &events) && watch_set_ready(watch, watch->serial, PORT_WRITABLE));
	watch_set_take_back(watch);
	NEED(watch_set_ready(watch, watch->serial, PORT_WRITABLE));
	report("a socket is told once, and not at all when it was removed meanwhile, or another took its place");
}

static void test_station(void)
{
	Station station = { .name_bytes = 4, .password_bytes = 8 }, back;
	uint8_t record[STATION_RECORD_MAX], noise[STATION_RECORD_MAX + 4];
	size_t bytes;

	memcpy(station.name, "home", 4);
	memcpy(station.password, "12345678", 8);
	bytes = station_encode(&station, record);
	NEED(bytes == 15 && station_decode(record, bytes, &back) && memcmp(&station, &back, sizeof back) == 0);
	NEED(!station_decode(record, bytes - 1, &back) && back.name_bytes == 0 && !station_decode(record, bytes + 1, &back));
	station.password_bytes = 7;
	NEED(!station_is_sound(&station));
	station.password_bytes = 0;
	NEED(station_is_sound(&station));
	srand(20261126);
	for (int round = 0; round < 20000; round++) {
		size_t count = (size_t)rand() % sizeof noise;
		for (size_t index = 0; index < count; index++) noise[index] = (uint8_t)(rand() % 70);
		if (station_decode(noise, count, &back)) NEED(station_is_sound(&back) && station_encode(&back, record) == count);
	}
	report("the record of a network is read back, and no other bytes are one");
}

static void test_label(void)
{
	ImageLabel label = { IMAGE_LABEL_MAGIC, 7, "esp32c3-devkit" };

	NEED(image_label_is_sound(&label) && image_label_is_for(&label, "esp32c3-devkit") && !image_label_is_for(&label, "esp32c3"));
	label.board[20] = 'x';
	NEED(!image_label_is_sound(&label));
	memset(label.board, 'a', sizeof label.board);
	NEED(!image_label_is_sound(&label));
	memset(label.board, 0, sizeof label.board);
	NEED(!image_label_is_sound(&label));
	report("an image's label names its board, whole, and nothing behind it");
}

int main(void)
{
	test_checksums();
	each_pair(judge_plan);
	report("an aborted, invalid or unconfirmed slot is never in the plan of a boot, and every other one is");
	each_pair(judge_update);
	report("an update can be cut at every write, and leaves a slot that boots");
	test_reset_notes();
	test_cuts();
	test_entropy();
	test_watches();
	test_station();
	test_label();
	return 0;
}

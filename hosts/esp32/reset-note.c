#include "reset-note.h"

#include <stddef.h>
#include <string.h>

static const uint32_t MAGIC = 0x4C4B524Eu;  /* "NRKL" */

/* FNV-1a: what a power cut leaves is noise, not an attack. */
static uint32_t check_of(const ResetNote *note)
{
	const uint8_t *bytes = (const uint8_t *)note;
	uint32_t check = 2166136261u;

	for (size_t index = 0; index < offsetof(ResetNote, check); index++) check = (check ^ bytes[index]) * 16777619u;
	return check;
}

static bool is_of_a_name(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || (byte && strchr("_$#.-/ []", byte));
}

void reset_note_write(ResetNote *note, ResetReason reason, const char *text)
{
	memset(note, 0, sizeof *note);
	note->magic = MAGIC;
	note->reason = reason;
	for (size_t index = 0; text && text[index] && index < RESET_NOTE_TEXT_MAX; index++) note->text[index] = is_of_a_name(text[index]) ? text[index] : '?';
	note->check = check_of(note);
}

void reset_note_forget(ResetNote *note)
{
	memset(note, 0, sizeof *note);
}

bool reset_note_is_whole(const ResetNote *note)
{
	return note->magic == MAGIC && note->reason >= RESET_REQUESTED && note->reason < RESET_REASONS && note->text[RESET_NOTE_TEXT_MAX] == 0
		&& note->check == check_of(note);
}

ResetReason reset_reason_of_abort(const char *text)
{
	static const struct {
		const char *text;
		ResetReason reason;
	} known[] = {
		{ "memory full", RESET_MEMORY },
		{ "JavaScript stack overflow", RESET_STACK },
		{ "native stack overflow", RESET_STACK },
		{ "unhandled rejection", RESET_REJECTION },
	};

	for (size_t index = 0; text && index < sizeof known / sizeof *known; index++) {
		if (strcmp(known[index].text, text) == 0) return known[index].reason;
	}
	return RESET_EXCEPTION;
}

/* The engine ends a stack overflow alone without a word, by a restart of the chip (SDK 8.2, fxAbort). */
static ResetReason reason_of(ResetCause cause, const ResetNote *note)
{
	if (cause == RESET_BY_POWER) return 0;
	if (reset_note_is_whole(note)) return (ResetReason)note->reason;
	if (cause == RESET_BY_WATCHDOG) return RESET_WATCHDOG;
	return cause == RESET_BY_SOFTWARE ? RESET_STACK : 0;
}

const char *reset_reason_text(ResetCause cause, const ResetNote *note)
{
	if (cause == RESET_BY_POWER) return "power-on";
	switch (reason_of(cause, note)) {
		case RESET_REQUESTED: return "requested";
		case RESET_MEMORY: return "memory";
		case RESET_STACK: return "stack";
		case RESET_EXCEPTION: return "exception";
		case RESET_REJECTION: return "rejection";
		case RESET_WATCHDOG:
		case RESET_TRIAL_DEADLINE: return "watchdog";
		default: return "unknown";
	}
}

const char *reset_fault_text(ResetCause cause, const ResetNote *note)
{
	ResetReason reason = reason_of(cause, note);

	if (cause == RESET_BY_BROWN_OUT) return "brown-out";
	if (cause == RESET_BY_POWER || reason == RESET_REQUESTED) return NULL;
	if (reason == RESET_TRIAL_DEADLINE) return "trial-deadline";
	if (reset_note_is_whole(note) && note->text[0]) return note->text;
	if (reason == RESET_WATCHDOG) return "watchdog";
	if (reason == RESET_STACK) return "stack overflow";
	return cause == RESET_BY_PANIC ? "panic" : NULL;
}

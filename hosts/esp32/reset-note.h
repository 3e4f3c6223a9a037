/*
 * Why the board started: what the chip says of its reset, and the note that whoever ended the firmware left in memory that a reset
 * keeps and a power cut does not. The text of a note is what the engine calls the end ("memory full"), or a name: never a message of
 * the firmware, never a value (T14). Pure.
 */
#ifndef LATCHKEY_RESET_NOTE_H
#define LATCHKEY_RESET_NOTE_H

#include <stdbool.h>
#include <stdint.h>

enum { RESET_NOTE_TEXT_MAX = 96 };

/* Numbers lie in memory across an update. */
typedef enum {
	RESET_REQUESTED = 1,
	RESET_MEMORY,
	RESET_STACK,
	RESET_EXCEPTION,
	RESET_REJECTION,
	RESET_WATCHDOG,
	RESET_TRIAL_DEADLINE,
	RESET_REASONS,
} ResetReason;

typedef struct {
	uint32_t magic;
	uint32_t reason;
	char text[RESET_NOTE_TEXT_MAX + 1];
	uint32_t check;
} ResetNote;

/* What the chip says, of esp_reset_reason(). */
typedef enum { RESET_BY_POWER, RESET_BY_SOFTWARE, RESET_BY_PANIC, RESET_BY_WATCHDOG, RESET_BY_BROWN_OUT, RESET_BY_OTHER } ResetCause;

/* `text` is cut at RESET_NOTE_TEXT_MAX; bytes that are in no name become '?'. NULL: none. */
void reset_note_write(ResetNote *note, ResetReason reason, const char *text);
void reset_note_forget(ResetNote *note);
/* False for what a power cut left. */
bool reset_note_is_whole(const ResetNote *note);

/* What the engine calls an end (fxAbort's text) as a reason. */
ResetReason reset_reason_of_abort(const char *text);

/* A reason of modules/platform/system.ts. */
const char *reset_reason_text(ResetCause cause, const ResetNote *note);
/* What goes on record as the last fault; NULL: the end was none. */
const char *reset_fault_text(ResetCause cause, const ResetNote *note);

#endif

/* The machine itself: how it starts and ends, why, its log, its heap. The class is hosts/ecma419/machine.ts. */
#include <stdio.h>
#include <string.h>

#include "esp_attr.h"
#include "esp_heap_caps.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "mc.defines.h"
#include "xsAll.h"

/* After the engine's own header: natives. */
#include "mc.xs.h"
#include "xsmc.h"

#include "check.h"
#include "host.h"
#include "port.h"

enum { TRIAL_MS = 720000, FREE_BYTES_NONE = -1 };

void xs_host_start(xsMachine *the);
void xs_host_abort(xsMachine *the);
void xs_system_log(xsMachine *the);
void xs_system_reboot(xsMachine *the);
void xs_system_reset_reason(xsMachine *the);
void xs_system_last_fault(xsMachine *the);
void xs_system_forget_fault(xsMachine *the);
void xs_system_free_bytes(xsMachine *the);
void xs_system_least_free_bytes(xsMachine *the);
void xs_system_build_unix_ms(xsMachine *the);
void esp_task_wdt_isr_user_handler(void);

static RTC_NOINIT_ATTR ResetNote note;
static ResetNote found;  /* what the last boot left */
static bool started, noted;
static char fault[RESET_NOTE_TEXT_MAX + 1];

static ResetCause cause_of(esp_reset_reason_t reason)
{
	switch (reason) {
		case ESP_RST_POWERON:
		case ESP_RST_EXT: return RESET_BY_POWER;
		case ESP_RST_SW: return RESET_BY_SOFTWARE;
		case ESP_RST_PANIC:
		case ESP_RST_CPU_LOCKUP: return RESET_BY_PANIC;
		case ESP_RST_INT_WDT:
		case ESP_RST_TASK_WDT:
		case ESP_RST_WDT: return RESET_BY_WATCHDOG;
		case ESP_RST_BROWNOUT:
		case ESP_RST_PWR_GLITCH: return RESET_BY_BROWN_OUT;
		default: return RESET_BY_OTHER;
	}
}

/* ---- the end ---- */

void host_end_note(ResetReason reason, const char *text)
{
	host_cut_all();
	if (noted) return;
	noted = true;
	reset_note_write(&note, reason, text);
}

void host_restart(ResetReason reason, const char *text)
{
	host_end_note(reason, text);
	esp_restart();
}

/* Of the task watchdog, before it panics: a turn that does not end (UPDATE 7). */
void esp_task_wdt_isr_user_handler(void)
{
	host_end_note(RESET_WATCHDOG, "watchdog");
}

/* ---- the trial of an image: its deadline is a timer of the chip, whatever the engine does ---- */

static esp_timer_handle_t trial;

static void trial_is_over(void *nothing)
{
	(void)nothing;
	host_restart(RESET_TRIAL_DEADLINE, "trial-deadline");
}

void host_trial_start(void)
{
	const esp_timer_create_args_t arguments = { .callback = trial_is_over, .dispatch_method = ESP_TIMER_TASK, .name = "trial" };

	/* Without the timer a trial could last for ever: then it ends now, and counts. */
	if (esp_timer_create(&arguments, &trial) != ESP_OK || esp_timer_start_once(trial, (uint64_t)TRIAL_MS * 1000u) != ESP_OK) trial_is_over(NULL);
}

void host_trial_passed(void)
{
	if (trial) esp_timer_stop(trial);
}

/* ---- the start ---- */

static void read_fault(void)
{
	const char *text = reset_fault_text(cause_of(esp_reset_reason()), &found);
	size_t bytes = 0;

	if (text && port_record_write(HOST_DOMAIN, HOST_FAULT_NAME, (const uint8_t *)text, strlen(text)) != PORT_RECORD_OK) port_log("fault: not on record");
	if (port_record_read(HOST_DOMAIN, HOST_FAULT_NAME, (uint8_t *)fault, sizeof fault - 1, &bytes) != PORT_RECORD_OK) bytes = 0;
	fault[bytes] = 0;
}

/* Once a boot, before anything else of the host. */
void xs_host_start(xsMachine *the)
{
	uint32_t slot;

	(void)the;
	if (started) return;
	started = true;
	host_entropy_start();
	esp_register_shutdown_handler(host_cut_all);
	found = note;
	reset_note_forget(&note);
	read_fault();
	if (port_slot_running(&slot) && port_slot_state(slot) == PORT_SLOT_PENDING) host_trial_start();
}

/* (text): what the SDK calls before the engine ends (defines.xs.abortHook of the manifest); a stack overflow comes without. */
void xs_host_abort(xsMachine *the)
{
	char text[48] = "exception";

	if (xsmcTypeOf(xsArg(0)) == xsStringType || xsmcTypeOf(xsArg(0)) == xsStringXType) xsmcToStringBuffer(xsArg(0), text, sizeof text);
	host_end_note(reset_reason_of_abort(text), text);
}

/* ---- natives of the class ---- */

/* One line to the console, which a production image does not have. */
void port_log(const char *line)
{
	printf("%s\n", line);
}

void xs_system_log(xsMachine *the)
{
	port_log(xsmcToString(xsArg(0)));
}

void xs_system_reboot(xsMachine *the)
{
	(void)the;
	port_log("reboot");
	host_restart(RESET_REQUESTED, NULL);
}

void xs_system_reset_reason(xsMachine *the)
{
	xsmcSetString(xsResult, (xsStringValue)reset_reason_text(cause_of(esp_reset_reason()), &found));
}

void xs_system_last_fault(xsMachine *the)
{
	if (fault[0]) xsmcSetString(xsResult, fault);
	else xsmcSetUndefined(xsResult);
}

void xs_system_forget_fault(xsMachine *the)
{
	(void)the;
	fault[0] = 0;
	port_record_delete(HOST_DOMAIN, HOST_FAULT_NAME);
}

static uint32_t least = UINT32_MAX;

/* Slots and chunks share one block (creation.static): what neither holds is free, wherever it lies. */
static uint32_t free_bytes(txMachine *the)
{
	size_t all = (size_t)((uint8_t *)the->stackBottom - the->heap);
	size_t used = (size_t)the->currentHeapCount * sizeof(txSlot) + (size_t)the->currentChunksSize;

	return used < all ? (uint32_t)(all - used) : 0;
}

void xs_system_free_bytes(xsMachine *the)
{
	uint32_t now;

	fxCollect(the, XS_COMPACT_FLAG);
	now = free_bytes(the);
	if (now < least) least = now;
	xsmcSetNumber(xsResult, now);
}

/* As far as it was asked: the SDK tells of no collection of its own. */
void xs_system_least_free_bytes(xsMachine *the)
{
	if (least == UINT32_MAX) least = free_bytes(the);
	xsmcSetNumber(xsResult, least);
}

void xs_system_build_unix_ms(xsMachine *the)
{
	xsmcSetNumber(xsResult, (double)MODDEF_LATCHKEY_BUILD_UNIX_S * 1000.0);
}

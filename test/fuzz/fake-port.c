#include "fake-port.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

enum { RECORDS_MAX = 32, RECORD_BYTES_MAX = 512, WATCHES_MAX = 8, TIMERS_MAX = 16 };

typedef struct {
	char domain[PORT_RECORD_NAME_MAX + 1], name[PORT_RECORD_NAME_MAX + 1];
	PortRecordStatus status;
	uint8_t value[RECORD_BYTES_MAX];
	size_t bytes;
} Record;

struct PortWatch {
	int descriptor, events;
	PortWatchCallback callback;
	void *context;
};

struct PortTimer {
	uint64_t due_us;
	PortTimerCallback callback;
	void *context;
};

static Record records[RECORDS_MAX];
static PortWatch watches[WATCHES_MAX];
static PortTimer timers[TIMERS_MAX];
static uint64_t now_us;
static uint32_t drawn;
static bool writes_fail, entropy_fails;

void fake_port_reset(void)
{
	memset(records, 0, sizeof records);
	memset(watches, 0, sizeof watches);
	memset(timers, 0, sizeof timers);
	now_us = 1000000;
	drawn = 1;
	writes_fail = entropy_fails = false;
}

void fake_port_break(bool writes, bool entropy)
{
	writes_fail = writes;
	entropy_fails = entropy;
}

void fake_port_pass(uint32_t milliseconds)
{
	now_us += (uint64_t)milliseconds * 1000;
}

uint64_t port_monotonic_us(void)
{
	return now_us;
}

bool port_entropy(uint8_t *buffer, size_t bytes)
{
	for (size_t index = 0; index < bytes; index++) buffer[index] = (uint8_t)((drawn = drawn * 1664525u + 1013904223u) >> 24);
	return !entropy_fails;
}

/* ---- event loop ---- */

PortWatch *port_watch_add(int descriptor, int events, PortWatchCallback callback, void *context)
{
	for (int index = 0; index < WATCHES_MAX; index++) {
		if (watches[index].callback) continue;
		watches[index] = (PortWatch){ descriptor, events, callback, context };
		return &watches[index];
	}
	return NULL;
}

void port_watch_set(PortWatch *watch, int events)
{
	watch->events = events;
}

void port_watch_remove(PortWatch *watch)
{
	if (watch) *watch = (PortWatch){ 0 };
}

PortTimer *port_timer_add(uint32_t delay_ms, PortTimerCallback callback, void *context)
{
	for (int index = 0; index < TIMERS_MAX; index++) {
		if (timers[index].callback) continue;
		timers[index] = (PortTimer){ now_us + (uint64_t)delay_ms * 1000, callback, context };
		return &timers[index];
	}
	return NULL;
}

void port_timer_remove(PortTimer *timer)
{
	if (timer) *timer = (PortTimer){ 0 };
}

bool port_post(void (*callback)(void *context), void *context)
{
	return port_timer_add(0, callback, context) != NULL;
}

unsigned fake_port_turn(void)
{
	unsigned ran = 0;

	for (int index = 0; index < TIMERS_MAX; index++) {
		PortTimer timer = timers[index];
		if (!timer.callback || timer.due_us > now_us) continue;
		timers[index] = (PortTimer){ 0 };
		timer.callback(timer.context);
		ran++;
	}
	for (int index = 0; index < WATCHES_MAX; index++) {
		PortWatch *watch = &watches[index];
		struct pollfd polled = { watch->descriptor, 0, 0 };
		int events;
		if (!watch->callback || watch->events == 0) continue;
		polled.events = (short)((watch->events & PORT_READABLE ? POLLIN : 0) | (watch->events & PORT_WRITABLE ? POLLOUT : 0));
		if (poll(&polled, 1, 0) <= 0) continue;
		events = (polled.revents & (POLLIN | POLLHUP | POLLERR) ? PORT_READABLE : 0) | (polled.revents & POLLOUT ? PORT_WRITABLE : 0);
		watch->callback(watch->context, events & watch->events ? events & watch->events : watch->events);
		ran++;
	}
	return ran;
}

unsigned fake_port_watches(void)
{
	unsigned count = 0;

	for (int index = 0; index < WATCHES_MAX; index++) count += watches[index].callback != NULL;
	return count;
}

unsigned fake_port_timers(void)
{
	unsigned count = 0;

	for (int index = 0; index < TIMERS_MAX; index++) count += timers[index].callback != NULL;
	return count;
}

/* ---- records ---- */

static Record *find(const char *domain, const char *name)
{
	for (Record *record = records; record < records + RECORDS_MAX; record++) {
		if (record->name[0] && strcmp(record->domain, domain) == 0 && strcmp(record->name, name) == 0) return record;
	}
	return NULL;
}

void fake_port_store(const char *domain, const char *name, PortRecordStatus status, const uint8_t *value, size_t bytes)
{
	Record *record = find(domain, name);

	EXPECT(bytes <= RECORD_BYTES_MAX);
	for (int index = 0; !record && index < RECORDS_MAX; index++) {
		if (!records[index].name[0]) record = &records[index];
	}
	EXPECT(record && strlen(domain) <= PORT_RECORD_NAME_MAX && strlen(name) <= PORT_RECORD_NAME_MAX);
	strcpy(record->domain, domain);
	strcpy(record->name, name);
	record->status = status;
	record->bytes = bytes;
	memcpy(record->value, value, bytes);
}

const uint8_t *fake_port_stored(const char *domain, const char *name, size_t *bytes)
{
	const Record *record = find(domain, name);

	if (!record) return NULL;
	*bytes = record->bytes;
	return record->value;
}

PortRecordStatus port_record_read(const char *domain, const char *name, uint8_t *buffer, size_t capacity, size_t *bytes)
{
	const Record *record = find(domain, name);

	*bytes = 0;
	if (!record) return PORT_RECORD_ABSENT;
	if (record->status != PORT_RECORD_OK) return record->status;
	if (record->bytes > capacity) return PORT_RECORD_TOO_LARGE;
	memcpy(buffer, record->value, record->bytes);
	*bytes = record->bytes;
	return PORT_RECORD_OK;
}

PortRecordStatus port_record_write(const char *domain, const char *name, const uint8_t *value, size_t bytes)
{
	if (writes_fail) return PORT_RECORD_FULL;
	if (strlen(name) > PORT_RECORD_NAME_MAX) return PORT_RECORD_IO;
	fake_port_store(domain, name, PORT_RECORD_OK, value, bytes);
	return PORT_RECORD_OK;
}

PortRecordStatus port_record_delete(const char *domain, const char *name)
{
	Record *record = find(domain, name);

	if (writes_fail) return PORT_RECORD_IO;
	if (record) memset(record, 0, sizeof *record);
	return PORT_RECORD_OK;
}

/* ---- the rest ---- */

bool port_pin_write(uint32_t pin, bool level)
{
	(void)level;
	return pin < 32;
}

bool port_cut_timer_arm(uint32_t slot, uint64_t deadline_us, void (*callback)(uint32_t slot))
{
	(void)callback;
	EXPECT(slot < PORT_CUT_TIMERS && deadline_us >= now_us);
	return true;
}

void port_cut_timer_disarm(uint32_t slot)
{
	EXPECT(slot < PORT_CUT_TIMERS);
}

void port_on_halt(void (*callback)(void))
{
	(void)callback;
}

void port_log(const char *line)
{
	EXPECT(strlen(line) < 256);
}

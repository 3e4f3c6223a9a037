#include "pins.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fatal.h"
#include "port.h"

enum { WATCHERS_MAX = 8, LINE_BYTES = 64 };

typedef struct {
	_Atomic int use;  /* PinUse */
	atomic_bool level;
	bool driven;  /* an input that a watcher has set; its pull-up no longer counts */
	void (*listener)(void *context, bool level);
	void *context;
} Pin;

typedef struct {
	_Atomic int descriptor;  /* 0: free */
	PortWatch *watch;
	char line[LINE_BYTES];
	size_t length;
} Watcher;

static Pin pins[PINS_MAX];
static Watcher watchers[WATCHERS_MAX];
static int listening = -1;

/* ---- telling watchers ---- */

/*
 * A lock that the thread holding it may enter again: a signal that interrupts a write of a pin cuts outputs, and
 * must get through. Each line is one send, which the kernel takes whole or not at all.
 */
static _Atomic(const void *) lock_owner;
static _Thread_local char this_thread;

static bool lock_lines(void)
{
	const void *nobody = NULL;

	if (atomic_load(&lock_owner) == &this_thread) return false;
	while (!atomic_compare_exchange_weak(&lock_owner, &nobody, &this_thread)) {
		nobody = NULL;
		sched_yield();  /* where cores are few, the other thread goes on only when this one rests */
	}
	return true;
}

static void unlock_lines(bool locked)
{
	if (locked) atomic_store(&lock_owner, NULL);
}

/* Without stdio, which is not async-signal-safe. */
static char *put_number(char *at, uint64_t number)
{
	char digits[20];
	int count = 0;

	do digits[count++] = (char)('0' + number % 10); while ((number /= 10) > 0);
	while (count > 0) *at++ = digits[--count];
	return at;
}

static size_t write_line(char *line, uint32_t pin, bool level, uint64_t at_us)
{
	char *at = line;

	memcpy(at, "pin ", 4);
	at = put_number(at + 4, pin);
	*at++ = ' ';
	*at++ = level ? '1' : '0';
	*at++ = ' ';
	at = put_number(at, at_us);
	*at++ = '\n';
	return (size_t)(at - line);
}

/* A watcher that cannot take a line now is too slow: its connection ends, and the loop frees its place. */
static void tell(int descriptor, const char *line, size_t length)
{
	if (send(descriptor, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)length) shutdown(descriptor, SHUT_RDWR);
}

/* Any thread; async-signal-safe. */
static bool set_level(uint32_t pin, bool level)
{
	char line[LINE_BYTES];
	bool locked = lock_lines(), changed = atomic_exchange(&pins[pin].level, level) != level;
	int number = errno;

	if (changed) {
		size_t length = write_line(line, pin, level, port_monotonic_us());
		for (int index = 0; index < WATCHERS_MAX; index++) {
			int descriptor = atomic_load(&watchers[index].descriptor);
			if (descriptor > 0) tell(descriptor, line, length);
		}
	}
	unlock_lines(locked);
	errno = number;
	return changed;
}

static void tell_everything(int descriptor)
{
	char line[LINE_BYTES];

	for (uint32_t pin = 0; pin < PINS_MAX; pin++) {
		bool level = atomic_load(&pins[pin].level);
		if (atomic_load(&pins[pin].use) == PIN_FREE && !level && !pins[pin].driven) continue;
		tell(descriptor, line, write_line(line, pin, level, port_monotonic_us()));
	}
}

/* ---- the board's side ---- */

bool port_pin_write(uint32_t pin, bool level)
{
	int use;

	if (pin >= PINS_MAX) return false;
	use = atomic_load(&pins[pin].use);
	if (use == PIN_INPUT || use == PIN_INPUT_PULL_UP) return false;
	if (use == PIN_FREE) atomic_store(&pins[pin].use, PIN_OUTPUT);
	set_level(pin, level);
	return true;
}

bool pins_open(uint32_t pin, PinUse use, bool level)
{
	if (pin >= PINS_MAX || atomic_load(&pins[pin].use) != PIN_FREE) return false;
	atomic_store(&pins[pin].use, use);
	if (use == PIN_OUTPUT) set_level(pin, level);
	else if (!pins[pin].driven) set_level(pin, use == PIN_INPUT_PULL_UP);
	return true;
}

void pins_close(uint32_t pin)
{
	pins[pin].listener = NULL;
	if (atomic_load(&pins[pin].use) == PIN_OUTPUT) set_level(pin, false);
	atomic_store(&pins[pin].use, PIN_FREE);
}

void pins_write(uint32_t pin, bool level)
{
	set_level(pin, level);
}

bool pins_read(uint32_t pin)
{
	return atomic_load(&pins[pin].level);
}

void pins_listen(uint32_t pin, void (*listener)(void *context, bool level), void *context)
{
	pins[pin].listener = listener;
	pins[pin].context = context;
}

/* ---- watchers ---- */

static void drop(Watcher *watcher)
{
	bool locked = lock_lines();
	int descriptor = atomic_exchange(&watcher->descriptor, 0);

	unlock_lines(locked);
	port_watch_remove(watcher->watch);
	watcher->watch = NULL;
	close(descriptor);
}

static bool obey(const char *line)
{
	unsigned pin;
	char level, end;

	if (sscanf(line, "set %3u %c%c", &pin, &level, &end) != 2 || (level != '0' && level != '1') || pin >= PINS_MAX) return false;
	if (atomic_load(&pins[pin].use) == PIN_OUTPUT) return true;
	pins[pin].driven = true;
	if (set_level(pin, level == '1') && pins[pin].listener) pins[pin].listener(pins[pin].context, level == '1');
	return true;
}

static bool take(Watcher *watcher, const char *bytes, size_t count)
{
	for (size_t index = 0; index < count; index++) {
		if (bytes[index] != '\n') {
			if (watcher->length == LINE_BYTES - 1) return false;
			watcher->line[watcher->length++] = bytes[index];
			continue;
		}
		watcher->line[watcher->length] = 0;
		watcher->length = 0;
		if (!obey(watcher->line)) return false;
	}
	return true;
}

static void on_watcher(void *context, int events)
{
	Watcher *watcher = context;
	char bytes[512];
	ssize_t got = recv(atomic_load(&watcher->descriptor), bytes, sizeof bytes, MSG_DONTWAIT);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (got <= 0 || !take(watcher, bytes, (size_t)got)) drop(watcher);
}

static void on_connection(void *context, int events)
{
	int descriptor = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	bool locked;

	(void)context;
	(void)events;
	if (descriptor < 0) return;
	for (int index = 0; index < WATCHERS_MAX; index++) {
		Watcher *watcher = &watchers[index];
		if (atomic_load(&watcher->descriptor) != 0) continue;
		watcher->length = 0;
		watcher->watch = port_watch_add(descriptor, PORT_READABLE, on_watcher, watcher);
		if (!watcher->watch) break;
		locked = lock_lines();
		tell_everything(descriptor);
		atomic_store(&watcher->descriptor, descriptor);
		unlock_lines(locked);
		return;
	}
	port_log("pins: too many watchers");
	close(descriptor);
}

/* A mechanism that was there before this boot comes back at once and says where everything is. */
static void await_watcher(uint32_t wait_ms)
{
	uint64_t deadline_us = port_monotonic_us() + (uint64_t)wait_ms * 1000u;
	int descriptor = 0;

	for (;;) {
		uint64_t now_us = port_monotonic_us();
		struct pollfd polled = { descriptor > 0 ? descriptor : listening, POLLIN, 0 };
		if (now_us >= deadline_us || poll(&polled, 1, (int)((deadline_us - now_us) / 1000u) + 1) <= 0) return;
		if (descriptor > 0) {
			on_watcher(&watchers[0], PORT_READABLE);
			return;
		}
		on_connection(NULL, PORT_READABLE);
		descriptor = atomic_load(&watchers[0].descriptor);
	}
}

void pins_start(const char *path, uint32_t wait_ms)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (!path) return;
	if (strlen(path) >= sizeof address.sun_path) fatal("pins %s: the path is too long for a socket", path);
	strcpy(address.sun_path, path);
	unlink(path);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof address) != 0 || listen(listening, WATCHERS_MAX) != 0) {
		fatal("pins %s: %s", path, strerror(errno));
	}
	if (!port_watch_add(listening, PORT_READABLE, on_connection, NULL)) fatal("pins: out of watches");
	if (wait_ms > 0) await_watcher(wait_ms);
}

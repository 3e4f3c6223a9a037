/*
 * The event loop: the SDK's own runs on the engine's task and feeds the task watchdog. Timers are its timers, posts its messages;
 * sockets are selected on by a task of this file, which a datagram to itself wakes when the set changes.
 */
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include <sys/socket.h>
#include "mc.xs.h"
#include "modTimer.h"
#include "xsmc.h"

/* After xsmc.h, which it looks for. */
#include "xsHost.h"

#include "port.h"
#include "watch-set.h"

enum { TASK_STACK_BYTES = 3072, TASK_PRIORITY = 5, TIMERS_MAX = 16, AGAIN_MS = 20 };

extern xsMachine *gThe;

/* ---- posts ---- */

typedef struct {
	void (*callback)(void *context);
	void *context;
} Post;

static void deliver_post(void *the, void *refcon, uint8_t *message, uint16_t bytes)
{
	Post post;

	(void)the, (void)refcon;
	if (bytes != sizeof post) return;
	memcpy(&post, message, sizeof post);
	post.callback(post.context);
}

bool port_post(void (*callback)(void *context), void *context)
{
	Post post = { callback, context };

	return modMessagePostToMachine(gThe, (uint8_t *)&post, sizeof post, deliver_post, NULL) == 0;
}

/* ---- timers ---- */

struct PortTimer {
	modTimer timer;  /* NULL: free */
	PortTimerCallback callback;
	void *context;
};

static struct PortTimer timers[TIMERS_MAX];

/* The SDK removes a timer that does not repeat when its callback returns. */
static void on_timer(modTimer timer, void *refcon, int bytes)
{
	PortTimer *own;

	(void)timer, (void)bytes;
	memcpy(&own, refcon, sizeof own);
	if (!own->timer) return;
	own->timer = NULL;
	own->callback(own->context);
}

PortTimer *port_timer_add(uint32_t delay_ms, PortTimerCallback callback, void *context)
{
	for (int index = 0; index < TIMERS_MAX; index++) {
		PortTimer *own = &timers[index];
		if (own->timer) continue;
		own->callback = callback;
		own->context = context;
		own->timer = modTimerAdd((int)(delay_ms > INT32_MAX ? INT32_MAX : delay_ms), 0, on_timer, &own, sizeof own);
		return own->timer ? own : NULL;
	}
	return NULL;
}

void port_timer_remove(PortTimer *own)
{
	if (!own || !own->timer) return;
	modTimerRemove(own->timer);
	own->timer = NULL;
}

/* ---- sockets ---- */

static WatchSet set;
static StaticSemaphore_t storage;
static SemaphoreHandle_t mutex;
static int wake = -1;
static struct sockaddr_in wake_address;

static void lock(void)
{
	xSemaphoreTake(mutex, portMAX_DELAY);
}

static void unlock(void)
{
	xSemaphoreGive(mutex);
}

static void wake_up(void)
{
	static const uint8_t nothing;

	sendto(wake, &nothing, sizeof nothing, MSG_DONTWAIT, (const struct sockaddr *)&wake_address, sizeof wake_address);
}

static void deliver_watch(void *the, void *refcon, uint8_t *message, uint16_t bytes)
{
	PortWatchCallback callback;
	void *context = NULL;
	int events = 0;

	(void)the, (void)message, (void)bytes;
	lock();
	callback = watch_set_deliver(refcon, &context, &events);
	unlock();
	wake_up();
	if (callback) callback(context, events);
}

/* False: the engine's queue is full, and the socket stays ready. */
static bool tell(PortWatch *watch, uint32_t serial, int events)
{
	bool told;

	lock();
	told = watch_set_ready(watch, serial, events);
	unlock();
	if (!told || modMessagePostToMachine(gThe, NULL, 0, deliver_watch, watch) == 0) return true;
	lock();
	watch_set_take_back(watch);
	unlock();
	return false;
}

/* False where the next round would find the same at once. */
static bool drain_wake(void)
{
	uint8_t drained[8];
	bool any = false;

	while (recv(wake, drained, sizeof drained, MSG_DONTWAIT) > 0) any = true;
	return any;
}

/* False: what is ready could not be dealt with, and the next round waits. */
static bool select_once(void)
{
	fd_set readable, writable, broken;
	int highest = wake, selected[WATCHES_MAX];
	uint32_t serials[WATCHES_MAX];
	struct timeval wait = { 1, 0 };
	bool done = true;

	FD_ZERO(&readable);
	FD_ZERO(&writable);
	FD_SET(wake, &readable);
	lock();
	for (int index = 0; index < WATCHES_MAX; index++) {
		const PortWatch *watch = &set.watches[index];
		selected[index] = -1;
		serials[index] = watch->serial;
		if (watch->state != WATCH_ARMED || watch->events == 0) continue;
		selected[index] = watch->descriptor;
		if (watch->events & PORT_READABLE) FD_SET(watch->descriptor, &readable);
		if (watch->events & PORT_WRITABLE) FD_SET(watch->descriptor, &writable);
		if (watch->descriptor > highest) highest = watch->descriptor;
	}
	unlock();
	memcpy(&broken, &readable, sizeof broken);
	/* A socket that was closed meanwhile: the next round no longer has it. */
	if (select(highest + 1, &readable, &writable, &broken, &wait) < 0) return false;
	if (FD_ISSET(wake, &readable)) done = drain_wake();
	/* By what was selected on: the set itself is the engine's to change meanwhile. */
	for (int index = 0; index < WATCHES_MAX; index++) {
		int descriptor = selected[index], events = 0;
		if (descriptor < 0) continue;
		if (FD_ISSET(descriptor, &readable) || FD_ISSET(descriptor, &broken)) events |= PORT_READABLE;
		if (FD_ISSET(descriptor, &writable)) events |= PORT_WRITABLE;
		if (events && !tell(&set.watches[index], serials[index], events)) done = false;
	}
	return done;
}

static void run(void *nothing)
{
	(void)nothing;
	for (;;) if (!select_once()) vTaskDelay(pdMS_TO_TICKS(AGAIN_MS));
}

/* With the first watch: a socket needs the network, which the board opens before. */
static bool start(void)
{
	socklen_t bytes = sizeof wake_address;

	if (wake >= 0) return true;
	if (!mutex) mutex = xSemaphoreCreateMutexStatic(&storage);
	wake = socket(AF_INET, SOCK_DGRAM, 0);
	if (wake < 0) return false;
	wake_address.sin_family = AF_INET;
	wake_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(wake, (const struct sockaddr *)&wake_address, sizeof wake_address) == 0
		&& getsockname(wake, (struct sockaddr *)&wake_address, &bytes) == 0
		&& xTaskCreate(run, "sockets", TASK_STACK_BYTES, NULL, TASK_PRIORITY, NULL) == pdPASS) return true;
	close(wake);
	wake = -1;
	return false;
}

PortWatch *port_watch_add(int descriptor, int events, PortWatchCallback callback, void *context)
{
	PortWatch *watch;

	if (!start()) return NULL;
	lock();
	watch = watch_set_add(&set, descriptor, events, callback, context);
	unlock();
	wake_up();
	return watch;
}

void port_watch_set(PortWatch *watch, int events)
{
	lock();
	watch->events = events;
	unlock();
	wake_up();
}

void port_watch_remove(PortWatch *watch)
{
	if (!watch) return;
	lock();
	watch_set_remove(watch);
	unlock();
	wake_up();
}

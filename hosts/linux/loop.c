#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cut.h"
#include "fatal.h"
#include "lookup.h"
#include "port.h"
#include "virtual-time.h"
#include "watchdog.h"

enum { WATCHES_MAX = 64, TIMERS_MAX = 128, POSTS_MAX = 256 };
/* Polled before them: what other threads post, and a clock that jumps. */
enum { FIRST_WATCH = 2 };

static void (*after_each_turn)(void);

static void turn_done(void)
{
	after_each_turn();
	virtual_time_turn();
}

/* ---- time ---- */

/* CLOCK_BOOTTIME counts through suspend, as a board's timer counts through its sleep. */
uint64_t port_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return virtual_time_now_us((uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u);
}

/* ---- watches ---- */

struct PortWatch {
	int descriptor;
	int events;  /* 0: kept but not polled */
	PortWatchCallback callback;  /* NULL: this place is free */
	void *context;
	uint64_t serial;  /* tells a new watch in an old place from the one that was polled */
};

static PortWatch watches[WATCHES_MAX];
static uint64_t watch_serial;

PortWatch *port_watch_add(int descriptor, int events, PortWatchCallback callback, void *context)
{
	for (int index = 0; index < WATCHES_MAX; index++) {
		PortWatch *watch = &watches[index];
		if (watch->callback) continue;
		*watch = (PortWatch){ descriptor, events, callback, context, ++watch_serial };
		return watch;
	}
	return NULL;
}

void port_watch_set(PortWatch *watch, int events)
{
	watch->events = events;
}

void port_watch_remove(PortWatch *watch)
{
	if (watch) watch->callback = NULL;
}

/* ---- timers: a list ordered by time, then by age ---- */

struct PortTimer {
	PortTimer *next;
	uint64_t at_us;
	PortTimerCallback callback;
	void *context;
};

static PortTimer timers[TIMERS_MAX], *timers_first, *timers_free;

PortTimer *port_timer_add(uint32_t delay_ms, PortTimerCallback callback, void *context)
{
	PortTimer *timer = timers_free, **place = &timers_first;

	if (!timer) return NULL;
	timers_free = timer->next;
	timer->at_us = port_monotonic_us() + (uint64_t)delay_ms * 1000u;
	timer->callback = callback;
	timer->context = context;
	while (*place && (*place)->at_us <= timer->at_us) place = &(*place)->next;
	timer->next = *place;
	*place = timer;
	return timer;
}

void port_timer_remove(PortTimer *timer)
{
	for (PortTimer **place = &timers_first; timer && *place; place = &(*place)->next) {
		if (*place != timer) continue;
		*place = timer->next;
		timer->next = timers_free;
		timers_free = timer;
		return;
	}
}

/* Only timers that were due when the turn began: one that re-arms itself cannot starve the rest. */
static void run_timers(void)
{
	uint64_t now = port_monotonic_us();

	while (timers_first && timers_first->at_us <= now) {
		PortTimer *timer = timers_first;
		PortTimerCallback callback = timer->callback;
		void *context = timer->context;
		timers_first = timer->next;
		timer->next = timers_free;
		timers_free = timer;
		watchdog_turn();
		callback(context);
		turn_done();
	}
}

static int poll_timeout_ms(void)
{
	uint64_t now, left;

	if (!timers_first) return -1;
	now = port_monotonic_us();
	if (timers_first->at_us <= now) return 0;
	left = (timers_first->at_us - now + 999u) / 1000u;
	/* poll does not count the time that the machine sleeps, the timers do. */
	return left > 1000u ? 1000 : (int)left;
}

/* ---- posts ---- */

typedef struct {
	void (*callback)(void *context);
	void *context;
} Post;

static pthread_mutex_t posts_mutex = PTHREAD_MUTEX_INITIALIZER;
static Post posts[POSTS_MAX];
static unsigned posts_first, posts_count;
static int wake_descriptor = -1;

bool port_post(void (*callback)(void *context), void *context)
{
	const uint64_t one = 1;
	bool queued;

	pthread_mutex_lock(&posts_mutex);
	queued = posts_count < POSTS_MAX;
	if (queued) posts[(posts_first + posts_count++) % POSTS_MAX] = (Post){ callback, context };
	pthread_mutex_unlock(&posts_mutex);
	while (queued && write(wake_descriptor, &one, sizeof one) < 0 && errno == EINTR) { }
	return queued;
}

static bool take_post(Post *post)
{
	bool taken;

	pthread_mutex_lock(&posts_mutex);
	taken = posts_count > 0;
	if (taken) {
		*post = posts[posts_first];
		posts_first = (posts_first + 1) % POSTS_MAX;
		posts_count--;
	}
	pthread_mutex_unlock(&posts_mutex);
	return taken;
}

static void run_posts(void)
{
	uint64_t count;
	Post post;

	while (read(wake_descriptor, &count, sizeof count) < 0 && errno == EINTR) { }
	for (int run = 0; run < POSTS_MAX && take_post(&post); run++) {
		watchdog_turn();
		post.callback(post.context);
		turn_done();
	}
	if (posts_count > 0) {
		const uint64_t one = 1;
		while (write(wake_descriptor, &one, sizeof one) < 0 && errno == EINTR) { }
	}
}

/* ---- the loop ---- */

void loop_start(void)
{
	for (int index = TIMERS_MAX - 1; index >= 0; index--) {
		timers[index].next = timers_free;
		timers_free = &timers[index];
	}
	wake_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake_descriptor < 0) fatal("no eventfd");
}

static int events_of(short revents)
{
	int events = 0;

	if (revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) events |= PORT_READABLE;
	if (revents & (POLLOUT | POLLHUP | POLLERR | POLLNVAL)) events |= PORT_WRITABLE;
	return events;
}

static void run_watch(PortWatch *watch, uint64_t serial, short revents)
{
	int events;

	if (!watch->callback || watch->serial != serial) return;
	events = events_of(revents) & watch->events;
	if (events == 0) return;
	watchdog_turn();
	watch->callback(watch->context, events);
	turn_done();
}

/* Somebody wants to know, and no thread is at work for the loop. */
static bool may_be_idle(void)
{
	return virtual_time_is_asked() && lookups_under_way() == 0;
}

/* Nothing was ready. What is due runs first. */
static void answer_clock(void)
{
	uint64_t now = port_monotonic_us(), next = cut_first_us();

	if (timers_first && timers_first->at_us < next) next = timers_first->at_us;
	if (next > now) virtual_time_answer(next == UINT64_MAX ? next : next - now);
}

_Noreturn void loop_run(void (*after_turn)(void))
{
	after_each_turn = after_turn;
	for (;;) {
		struct pollfd polled[WATCHES_MAX + FIRST_WATCH];
		PortWatch *which[WATCHES_MAX + FIRST_WATCH];
		uint64_t serials[WATCHES_MAX + FIRST_WATCH];
		nfds_t count = FIRST_WATCH;
		int ready;

		polled[0] = (struct pollfd){ wake_descriptor, POLLIN, 0 };
		/* poll ignores what is below zero. */
		polled[1] = (struct pollfd){ virtual_time_descriptor(), POLLIN, 0 };
		for (int index = 0; index < WATCHES_MAX; index++) {
			PortWatch *watch = &watches[index];
			short events = 0;
			if (!watch->callback || watch->events == 0) continue;
			if (watch->events & PORT_READABLE) events |= POLLIN;
			if (watch->events & PORT_WRITABLE) events |= POLLOUT;
			which[count] = watch;
			serials[count] = watch->serial;
			polled[count++] = (struct pollfd){ watch->descriptor, events, 0 };
		}
		watchdog_wait();
		ready = poll(polled, count, may_be_idle() ? 0 : poll_timeout_ms());
		if (ready < 0 && errno != EINTR) fatal("poll failed");
		if (ready == 0 && may_be_idle()) answer_clock();
		/* First: what came after a jump was sent by the new time. */
		if (polled[1].revents) virtual_time_read();
		run_timers();
		if (polled[0].revents) run_posts();
		for (nfds_t index = FIRST_WATCH; index < count; index++) run_watch(which[index], serials[index], polled[index].revents);
	}
}

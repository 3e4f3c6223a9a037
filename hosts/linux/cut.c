/*
 * Cut timers (port.h): a thread of its own sleeps on a timer of the kernel and calls back there, whatever the
 * engine's thread does. The only thing shared with it is a table under a lock that nobody holds for long.
 */
#include "cut.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fatal.h"
#include "port.h"
#include "virtual-time.h"

typedef struct {
	uint64_t deadline_us;
	void (*callback)(uint32_t slot);  /* NULL: not armed */
} CutTimer;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static CutTimer cut_timers[PORT_CUT_TIMERS];
static int timer_descriptor = -1;

/* Under the lock. */
static uint64_t first_deadline_us(void)
{
	uint64_t first_us = UINT64_MAX;

	for (int slot = 0; slot < PORT_CUT_TIMERS; slot++) {
		if (cut_timers[slot].callback && cut_timers[slot].deadline_us < first_us) first_us = cut_timers[slot].deadline_us;
	}
	return first_us;
}

/* Under the lock: sets the kernel's timer to the first deadline, or stops it. */
static bool set_kernel_timer(void)
{
	struct itimerspec when;
	uint64_t first_us = first_deadline_us();

	/* 0 stops it. */
	first_us = first_us == UINT64_MAX ? 0 : virtual_time_machine_us(first_us);
	memset(&when, 0, sizeof when);
	when.it_value.tv_sec = (time_t)(first_us / 1000000u);
	when.it_value.tv_nsec = (long)(first_us % 1000000u) * 1000;
	return timerfd_settime(timer_descriptor, TFD_TIMER_ABSTIME, &when, NULL) == 0;
}

static void (*take_due(uint32_t slot))(uint32_t)
{
	void (*callback)(uint32_t) = NULL;

	pthread_mutex_lock(&mutex);
	if (cut_timers[slot].callback && cut_timers[slot].deadline_us <= port_monotonic_us()) {
		callback = cut_timers[slot].callback;
		cut_timers[slot].callback = NULL;
	}
	pthread_mutex_unlock(&mutex);
	return callback;
}

static void *run(void *nothing)
{
	uint64_t expirations;

	(void)nothing;
	for (;;) {
		if (read(timer_descriptor, &expirations, sizeof expirations) < 0 && errno != EINTR) fatal("cut timer: %s", strerror(errno));
		for (uint32_t slot = 0; slot < PORT_CUT_TIMERS; slot++) {
			void (*callback)(uint32_t) = take_due(slot);
			if (callback) callback(slot);
		}
		pthread_mutex_lock(&mutex);
		set_kernel_timer();
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

void cut_start(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, former;

	timer_descriptor = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	if (timer_descriptor < 0) fatal("cut timer: %s", strerror(errno));
	/* Signals are for the engine's thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &former);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 * 1024);
	if (pthread_create(&thread, &attributes, run, NULL) != 0) fatal("cut timer: no thread");
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	/* Ahead of the engine's thread where the system allows it; an ordinary thread is on time as well when it is not starved. */
	pthread_setschedparam(thread, SCHED_FIFO, &(struct sched_param){ .sched_priority = 10 });
}

uint64_t cut_first_us(void)
{
	uint64_t first_us;

	pthread_mutex_lock(&mutex);
	first_us = first_deadline_us();
	pthread_mutex_unlock(&mutex);
	return first_us;
}

void cut_clock_jumped(void)
{
	/* Before the thread runs there is nothing to set. */
	if (timer_descriptor < 0) return;
	pthread_mutex_lock(&mutex);
	set_kernel_timer();
	pthread_mutex_unlock(&mutex);
}

bool port_cut_timer_arm(uint32_t slot, uint64_t deadline_us, void (*callback)(uint32_t slot))
{
	bool armed;

	if (slot >= PORT_CUT_TIMERS || !callback || deadline_us == 0) return false;
	pthread_mutex_lock(&mutex);
	cut_timers[slot] = (CutTimer){ deadline_us, callback };
	armed = set_kernel_timer();
	if (!armed) cut_timers[slot].callback = NULL;
	pthread_mutex_unlock(&mutex);
	return armed;
}

void port_cut_timer_disarm(uint32_t slot)
{
	if (slot >= PORT_CUT_TIMERS) return;
	pthread_mutex_lock(&mutex);
	cut_timers[slot].callback = NULL;
	set_kernel_timer();
	pthread_mutex_unlock(&mutex);
}

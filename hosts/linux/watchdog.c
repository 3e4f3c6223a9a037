#include "watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "fatal.h"
#include "fault.h"
#include "port.h"

/* Cut timer 3: no output has it (drive.c has 0 to 2). It ends what the disk does not let end. */
enum { LAST_RESORT_SLOT = 3, LAST_RESORT_US = 1000000, US_PER_MS = 1000 };

static uint64_t turn_us;
/* Until when the turn may last; 0 while the board waits. */
static _Atomic uint64_t turn_end_us;
/* By trial_now_us. */
static _Atomic uint64_t trial_end_us;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;

/* Not what port_monotonic_us counts: a machine that slept did not hang. */
static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/*
 * A trial is waited for by the board's own time where that jumps: what is under way takes none of it, however busy the machine is
 * (virtual-time.h).
 */
static uint64_t trial_now_us(void)
{
#ifdef VIRTUAL_TIME
	return port_monotonic_us();
#else
	return now_us();
#endif
}

static void last_resort(uint32_t slot)
{
	(void)slot;
	halt(EXIT_WATCHDOG);
}

/* The engine's thread still runs: its frames move, and no pointer of it is followed. */
static _Noreturn void fire(const char *what, const char *line)
{
	halt_outputs();
	port_log(line);
	port_cut_timer_arm(LAST_RESORT_SLOT, port_monotonic_us() + LAST_RESORT_US, last_resort);
	fault_add(what, NULL, 0);
	fault_write();
	halt(EXIT_WATCHDOG);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return b != 0 && b < a ? b : a;
}

static void *run(void *nothing)
{
	(void)nothing;
	pthread_mutex_lock(&mutex);
	for (;;) {
		struct timespec until;
		uint64_t now = now_us(), turn = atomic_load(&turn_end_us), trial = atomic_load(&trial_end_us), trial_now = trial_now_us();
		/* A turn that begins later ends later than this. Without turns to watch only a trial is waited for. */
		uint64_t wake = sooner(now + (turn_us ? turn_us : 3600000000u), turn);
		if (trial > trial_now) wake = sooner(wake, now + (trial - trial_now));
		until = (struct timespec){ .tv_sec = (time_t)(wake / 1000000u), .tv_nsec = (long)(wake % 1000000u) * 1000 };
		if (turn != 0 && now >= turn) fire("watchdog", "abort: watchdog: a turn does not end");
		if (trial != 0 && trial_now >= trial) fire("trial-deadline", "abort: watchdog: the trial was not confirmed in time");
		pthread_cond_timedwait(&changed, &mutex, &until);
	}
	return NULL;
}

static void start_thread(void)
{
	pthread_condattr_t condition;
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, former;

	pthread_condattr_init(&condition);
	pthread_condattr_setclock(&condition, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &condition);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &former);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 * 1024);
	if (pthread_create(&thread, &attributes, run, NULL) != 0) fatal("watchdog: no thread");
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
}

void watchdog_start(uint32_t turn_ms)
{
	turn_us = (uint64_t)turn_ms * US_PER_MS;
	if (turn_us) atomic_store(&turn_end_us, now_us() + WATCHDOG_BOOT_TURNS * turn_us);
	start_thread();
}

void watchdog_turn(void)
{
	if (turn_us) atomic_store(&turn_end_us, now_us() + turn_us);
}

void watchdog_wait(void)
{
	atomic_store(&turn_end_us, 0);
}

static void look_again(void)
{
	pthread_mutex_lock(&mutex);
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&mutex);
}

void watchdog_trial(uint32_t deadline_ms)
{
	atomic_store(&trial_end_us, trial_now_us() + (uint64_t)deadline_ms * US_PER_MS);
	look_again();
}

void watchdog_trial_passed(void)
{
	atomic_store(&trial_end_us, 0);
}

void watchdog_clock_jumped(void)
{
	if (atomic_load(&trial_end_us) != 0) look_again();
}

/*
 * port.h from the inside, for the recorder's build only: xs_port_test starts everything, and prints one line a part
 * as each comes to its end. test/host/port-tests.ts reads them.
 */
#include "xsmc.h"

#include <pthread.h>
#include <sys/socket.h>

#include "fatal.h"
#include "port.h"

enum { POSTERS = 4, POSTS_EACH = 20000 };

static void say(const char *line)
{
	port_log(line);
}

/* ---- posts from several threads, faster than they are taken ---- */

static int posted_order[POSTERS];  /* the next number expected from each */
static bool in_order = true;
static int posts_done;
static _Atomic int refused;

static void take_post(void *context)
{
	int number = (int)(intptr_t)context, poster = number / POSTS_EACH;

	if (posted_order[poster]++ != number % POSTS_EACH) in_order = false;
	if (++posts_done < POSTERS * POSTS_EACH) return;
	say(in_order ? "posts: all, in order" : "posts: out of order");
	say(refused > 0 ? "posts: a full queue refuses" : "posts: the queue was never full");
}

static void *post(void *context)
{
	int poster = (int)(intptr_t)context;

	for (int number = 0; number < POSTS_EACH; number++) {
		while (!port_post(take_post, (void *)(intptr_t)(poster * POSTS_EACH + number))) {
			refused++;
			usleep(50);
		}
	}
	return NULL;
}

static void test_posts(void)
{
	for (intptr_t poster = 0; poster < POSTERS; poster++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, post, (void *)poster) != 0) fatal("port test: no thread");
		pthread_detach(thread);
	}
}

/* ---- watches that remove themselves and others inside a callback ---- */

static PortWatch *watches[2];
static int watch_calls;

static void on_watch(void *context, int events)
{
	int which = (int)(intptr_t)context;

	if (events != PORT_READABLE) say("watches: wrong events");
	watch_calls++;
	/* Both were readable in the same turn: the other one must not be called any more. */
	port_watch_remove(watches[1 - which]);
	port_watch_remove(watches[which]);
	port_watch_remove(NULL);
}

static void judge_watches(void *context)
{
	(void)context;
	say(watch_calls == 1 ? "watches: one call" : "watches: called after removal");
}

static void test_watches(void)
{
	int pair[2];
	PortWatch *all[256];
	int count = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) fatal("port test: no sockets");
	while (count < 256 && (all[count] = port_watch_add(pair[0], 0, on_watch, NULL))) count++;
	say(count < 256 ? "watches: bounded" : "watches: without bound");
	while (count > 0) port_watch_remove(all[--count]);
	for (intptr_t which = 0; which < 2; which++) {
		watches[which] = port_watch_add(pair[which], PORT_READABLE, on_watch, (void *)which);
		if (write(pair[1 - which], "x", 1) != 1) fatal("port test: no write");
	}
	port_timer_add(50, judge_watches, NULL);
}

/* ---- timers that remove themselves and others ---- */

static PortTimer *second;
static int timer_calls;

static void count_call(void *context)
{
	(void)context;
	timer_calls++;
}

static void remove_second(void *context)
{
	(void)context;
	port_timer_remove(second);
	port_timer_remove(NULL);
}

static void judge_timers(void *context)
{
	(void)context;
	say(timer_calls == 0 ? "timers: none after removal" : "timers: called after removal");
}

static void test_timers(void)
{
	port_timer_add(20, remove_second, NULL);
	second = port_timer_add(20, count_call, NULL);
	port_timer_add(60, judge_timers, NULL);
}

/* ---- names ---- */

static void on_address(void *context, const PortAddress *addresses, size_t count)
{
	const char *what = context;
	char line[96];
	bool four = count > 0 && addresses[0].family == 4, six = count > 0 && addresses[0].family == 6;

	snprintf(line, sizeof line, "lookup %s: %s", what, four ? "v4" : six ? "v6" : "none");
	say(line);
}

static void on_cancelled(void *context, const PortAddress *addresses, size_t count)
{
	(void)context;
	(void)addresses;
	(void)count;
	say("lookup: called after it was cancelled");
}

static void test_lookups(void)
{
	static char long_name[400];
	PortLookup *lookups[64];
	int count = 0;

	memset(long_name, 'a', sizeof long_name - 1);
	port_lookup_start("127.0.0.1", on_address, "four");
	port_lookup_start("::1", on_address, "six");
	port_lookup_start("nowhere.invalid", on_address, "nowhere");
	port_lookup_cancel(port_lookup_start("127.0.0.2", on_cancelled, NULL));
	port_lookup_cancel(NULL);
	say(port_lookup_start(long_name, on_cancelled, NULL) ? "lookup: takes any length" : "lookup: refuses a long name");
	while (count < 64 && (lookups[count] = port_lookup_start("127.0.0.3", on_cancelled, NULL))) count++;
	say(count < 64 ? "lookup: bounded" : "lookup: without bound");
	while (count > 0) port_lookup_cancel(lookups[--count]);
}

/* ---- cut timers ---- */

static _Atomic uint64_t cut_late_us[PORT_CUT_TIMERS];
static uint64_t cut_deadline_us[PORT_CUT_TIMERS];

static void on_cut(uint32_t slot)
{
	cut_late_us[slot] = port_monotonic_us() - cut_deadline_us[slot] + 1;
}

static void arm(uint32_t slot, uint32_t after_ms)
{
	cut_deadline_us[slot] = port_monotonic_us() + after_ms * 1000u;
	if (!port_cut_timer_arm(slot, cut_deadline_us[slot], on_cut)) say("cut: not armed");
}

static void judge_cuts(void *context)
{
	(void)context;
	say(cut_late_us[0] > 0 && cut_late_us[0] < 5000 && cut_late_us[1] > 0 && cut_late_us[1] < 5000 ? "cut: on time" : "cut: late or never");
	say(cut_late_us[2] == 0 ? "cut: disarmed" : "cut: called though disarmed");
	say(cut_late_us[3] == 0 ? "cut: replaced" : "cut: the replaced one was called");
}

static void test_cuts(void)
{
	arm(1, 60);
	arm(0, 30);
	arm(2, 40);
	arm(3, 20);
	arm(3, 10000);
	port_cut_timer_disarm(2);
	port_cut_timer_disarm(99);
	say(port_cut_timer_arm(PORT_CUT_TIMERS, 1, on_cut) || port_cut_timer_arm(0, 0, on_cut) ? "cut: takes anything" : "cut: refuses a bad slot or time");
	arm(0, 30);
	port_timer_add(200, judge_cuts, NULL);
}

void xs_port_test(xsMachine *the);
void xs_port_test(xsMachine *the)
{
	uint8_t first[32], other[32];

	(void)the;
	say(port_entropy(first, sizeof first) && port_entropy(other, sizeof other) && memcmp(first, other, sizeof first) ? "entropy: differs" : "entropy: none");
	test_watches();
	test_timers();
	test_lookups();
	test_cuts();
	test_posts();
}

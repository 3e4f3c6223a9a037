/*
 * The cut-off's baseline: another process with a timer of the same kind (timerfd on CLOCK_BOOTTIME, absolute, a thread that blocks on it and
 * asks for the same scheduling), set to the same instant as the board's own. It asks for each pulse by an input, hears on the pins'
 * socket when the output rises, and sets its timer to that time and the pulse's length: the board's deadline, on the
 * board's clock. How late it wakes is what the machine makes of such a timer under this load.
 *
 *   cut-timer SOCKET GO OUTPUT PULSE_MS GAP_MS COUNT TIMERS
 *
 * Of several timers, each with a thread of its own, the one that wakes last counts. Prints for each pulse, in microseconds: how late the
 * board cut, how late this program woke, how long after the rise it had set its timers. The board may be gone after the last pulse.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 64, WAIT_MS = 30000, TIMERS_MAX = 8 };

typedef struct {
	int descriptor;
	sem_t woken;
	_Atomic uint64_t woken_us;
} Timer;

static int pins = -1;
static Timer timers[TIMERS_MAX];
static char buffer[4096];
static size_t held, used;

static _Noreturn void end(const char *what)
{
	fprintf(stderr, "cut-timer: %s: %s\n", what, strerror(errno));
	exit(3);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void *run(void *context)
{
	Timer *timer = context;
	uint64_t expirations;

	for (;;) {
		if (read(timer->descriptor, &expirations, sizeof expirations) < 0) {
			if (errno == EINTR) continue;
			end("timer");
		}
		atomic_store(&timer->woken_us, now_us());
		sem_post(&timer->woken);
	}
	return NULL;
}

static void start_timer(Timer *timer)
{
	pthread_t thread;

	timer->descriptor = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
	if (timer->descriptor < 0 || sem_init(&timer->woken, 0, 0) != 0 || pthread_create(&thread, NULL, run, timer) != 0) end("timer");
	pthread_setschedparam(thread, SCHED_FIFO, &(struct sched_param){ .sched_priority = 10 });
}

static void set_timer(const Timer *timer, uint64_t at_us)
{
	struct itimerspec when = { .it_value = { (time_t)(at_us / 1000000u), (long)(at_us % 1000000u) * 1000 } };

	if (timerfd_settime(timer->descriptor, TFD_TIMER_ABSTIME, &when, NULL) != 0) end("set timer");
}

static uint64_t await_timer(Timer *timer)
{
	while (sem_wait(&timer->woken) != 0) if (errno != EINTR) end("wait");
	return atomic_load(&timer->woken_us);
}

static void connect_pins(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path) end("path");
	strcpy(address.sun_path, path);
	pins = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (pins < 0 || connect(pins, (struct sockaddr *)&address, sizeof address) != 0) end("connect");
}

static void say(unsigned go, int level)
{
	char line[LINE_BYTES];
	int bytes = snprintf(line, sizeof line, "set %u %d\n", go, level);

	if (send(pins, line, (size_t)bytes, MSG_NOSIGNAL) != bytes) end("send");
}

static char byte(void)
{
	if (used == held) {
		struct pollfd wait = { pins, POLLIN, 0 };
		ssize_t got;
		if (poll(&wait, 1, WAIT_MS) != 1) end("no pulse in time");
		got = recv(pins, buffer, sizeof buffer, 0);
		if (got <= 0) end("the board is gone");
		held = (size_t)got;
		used = 0;
	}
	return buffer[used++];
}

/* The time at which `output` came to this level; lines of other pins are passed over. */
static uint64_t await(unsigned output, unsigned level)
{
	for (;;) {
		char line[LINE_BYTES];
		size_t length = 0;
		unsigned pin, now;
		unsigned long long at_us;

		for (char next = byte(); next != '\n'; next = byte()) if (length < sizeof line - 1) line[length++] = next;
		line[length] = 0;
		if (sscanf(line, "pin %u %u %llu", &pin, &now, &at_us) == 3 && pin == output && now == level) return at_us;
	}
}

int main(int argc, char *argv[])
{
	unsigned go, output;
	uint64_t pulse_us;
	long gap_ms, count, timer_count;

	if (argc != 8) return 2;
	go = (unsigned)atoi(argv[2]);
	output = (unsigned)atoi(argv[3]);
	pulse_us = (uint64_t)atol(argv[4]) * 1000u;
	gap_ms = atol(argv[5]);
	count = atol(argv[6]);
	timer_count = atol(argv[7]);
	if (timer_count < 1 || timer_count > TIMERS_MAX) return 2;
	for (long index = 0; index < timer_count; index++) start_timer(&timers[index]);
	connect_pins(argv[1]);
	say(go, 0);
	srand48((long)now_us());
	for (long pulse = 0; pulse < count; pulse++) {
		/* Not in step with anything that comes round by itself. */
		struct timespec gap = { 0, (long)((0.5 + drand48()) * (double)gap_ms * 1e6) };
		uint64_t rose_us, set_us, fell_us, woken_us = 0;

		gap.tv_sec = gap.tv_nsec / 1000000000;
		gap.tv_nsec %= 1000000000;
		nanosleep(&gap, NULL);
		say(go, 1);
		rose_us = await(output, 1);
		for (long index = 0; index < timer_count; index++) set_timer(&timers[index], rose_us + pulse_us);
		set_us = now_us();
		fell_us = await(output, 0);
		for (long index = 0; index < timer_count; index++) {
			uint64_t each_us = await_timer(&timers[index]);
			if (each_us > woken_us) woken_us = each_us;
		}
		printf("%lld %lld %lld\n", (long long)(fell_us - rose_us - pulse_us), (long long)(woken_us - rose_us - pulse_us), (long long)(set_us - rose_us));
		if (fflush(stdout) != 0) end("print");
		if (pulse + 1 < count) say(go, 0);
	}
	return 0;
}

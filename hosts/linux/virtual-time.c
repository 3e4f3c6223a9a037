#include "virtual-time.h"

#ifdef VIRTUAL_TIME

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cut.h"
#include "fatal.h"
#include "watchdog.h"

enum { LINE_BYTES = 64 };

static _Atomic uint64_t added_us;
/* The machine's time when it began to stand; 0: it runs. */
static _Atomic uint64_t stood_us;
static int descriptor = -1;
static bool asked;
static uint64_t turns;
static char line[LINE_BYTES];
static size_t line_bytes;

static void jump(uint64_t us)
{
	atomic_fetch_add(&added_us, us);
	cut_clock_jumped();
	watchdog_clock_jumped();
}

static uint64_t machine_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void obey(void)
{
	uint64_t us;

	if (strcmp(line, "idle?") == 0) asked = true;
	else if (strcmp(line, "stand") == 0) {
		atomic_store(&stood_us, machine_us());
		cut_clock_jumped();
	}
	else if (sscanf(line, "jump %" SCNu64, &us) == 1) jump(us);
	else fatal("clock: no such line: %s", line);
}

/* How many lines were read; 0 when the driver has gone, whose clock then only runs. */
static int read_lines(void)
{
	char bytes[256];
	ssize_t got = recv(descriptor, bytes, sizeof bytes, 0);
	int lines = 0;

	if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
	if (got <= 0) {
		close(descriptor);
		descriptor = -1;
		asked = false;
		return 0;
	}
	for (ssize_t index = 0; index < got; index++) {
		if (bytes[index] != '\n') {
			if (line_bytes == LINE_BYTES - 1) fatal("clock: a line without end");
			line[line_bytes++] = bytes[index];
			continue;
		}
		line[line_bytes] = 0;
		line_bytes = 0;
		lines++;
		obey();
	}
	return lines;
}

void virtual_time_start(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (!path) return;
	if (strlen(path) >= sizeof address.sun_path) fatal("clock %s: the path is too long for a socket", path);
	strcpy(address.sun_path, path);
	descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fatal("clock %s: %s", path, strerror(errno));
	if (read_lines() == 0) fatal("clock %s: it said nothing", path);
}

uint64_t virtual_time_now_us(uint64_t machine)
{
	uint64_t stood = atomic_load(&stood_us);

	return (stood ? stood : machine) + atomic_load(&added_us);
}

uint64_t virtual_time_machine_us(uint64_t deadline_us)
{
	uint64_t added = atomic_load(&added_us);

	/* The past, but not 0, which would stop the timer. */
	if (deadline_us <= virtual_time_now_us(machine_us())) return 1;
	return atomic_load(&stood_us) ? 0 : deadline_us - added;
}

int virtual_time_descriptor(void)
{
	return descriptor;
}

void virtual_time_read(void)
{
	read_lines();
}

void virtual_time_turn(void)
{
	turns++;
}

bool virtual_time_is_asked(void)
{
	return asked;
}

void virtual_time_answer(uint64_t left_us)
{
	char text[LINE_BYTES];
	int bytes = left_us == UINT64_MAX ? snprintf(text, sizeof text, "idle %" PRIu64 " -\n", turns)
		: snprintf(text, sizeof text, "idle %" PRIu64 " %" PRIu64 "\n", turns, left_us);

	asked = false;
	/* The driver reads each before it asks again: there is room. */
	if (send(descriptor, text, (size_t)bytes, MSG_NOSIGNAL) != bytes) fatal("clock: %s", strerror(errno));
}

#endif

#include "fatal.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "port.h"
#include "serial.h"

static void (*_Atomic halt_callback)(void);

void port_on_halt(void (*callback)(void))
{
	atomic_store(&halt_callback, callback);
}

void halt_outputs(void)
{
	void (*callback)(void) = atomic_load(&halt_callback);

	if (callback) callback();
}

_Noreturn void halt(int code)
{
	halt_outputs();
	serial_stop();
	_exit(code);
}

void port_log(const char *line)
{
	char text[1024];
	int bytes = snprintf(text, sizeof text, "%.*s\n", (int)sizeof text - 2, line);
	ssize_t written = write(STDERR_FILENO, text, (size_t)bytes);

	(void)written;
}

_Noreturn void fatal(const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	port_log(line);
	halt(EXIT_START);
}

static void stop(int number)
{
	(void)number;
	halt(EXIT_STOPPED);
}

enum { SIGNALS = 65 };
static struct sigaction former[SIGNALS];

/* NULL: a signal from outside, which is no fault of the firmware's. */
static const char *fault_of(int number)
{
	switch (number) {
	case SIGSEGV: return "SIGSEGV";
	case SIGBUS: return "SIGBUS";
	case SIGILL: return "SIGILL";
	case SIGFPE: return "SIGFPE";
	case SIGABRT: return "SIGABRT";
	case SIGTRAP: return "SIGTRAP";
	case SIGSYS: return "SIGSYS";
	default: return NULL;
	}
}

/* Cuts, notes the signal alone (no pointer can be trusted now), then lets happen what would have happened. */
static void crash(int number)
{
	const char *fault = fault_of(number);

	halt_outputs();
	serial_stop();
	if (fault) {
		fault_add(fault, NULL, 0);
		fault_write();
	}
	sigaction(number, &former[number], NULL);
	raise(number);
}

static void at_exit(void)
{
	halt_outputs();
	serial_stop();
}

static void catch(int number, void (*handler)(int), int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = handler;
	action.sa_flags = flags;
	sigfillset(&action.sa_mask);
	sigaction(number, &action, &former[number]);
}

void fatal_install(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGQUIT, SIGHUP, SIGXCPU };
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };

	sigaltstack(&alternate, NULL);
	for (size_t index = 0; index < sizeof crashes / sizeof *crashes; index++) catch(crashes[index], crash, SA_ONSTACK);
	catch(SIGTERM, stop, SA_ONSTACK);
	catch(SIGINT, stop, SA_ONSTACK);
	signal(SIGPIPE, SIG_IGN);
	atexit(at_exit);
}

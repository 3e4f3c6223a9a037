#include "board.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fatal.h"

/* TRIAL_DEADLINE_MS of modules/platform/slots.ts; test/host/trial-deadline-tests.ts compares them. */
#define TRIAL_MS 720000
#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)

Board board = { .heap_kb = 1024, .stack_slots = 1024, .main_module = "main", .reset_reason = "power-on",
	.watchdog_ms = 5000, .trial_ms = TRIAL_MS };

static const char usage[] =
	"usage: latchkey-board --image FILE --state DIR [options]\n"
	"  --image FILE       firmware image made by latchkey-image\n"
	"  --slot-kb N        two firmware slots of N KiB in the state directory, a multiple of 4 (default 0: none)\n"
	"                     --image is then flashed when nothing was, and may be left out when something was\n"
	"  --flash            flash --image into slot 0 anew, as a factory line does\n"
	"  --recovery FILE    image that runs when neither slot boots; its main module is recovery\n"
	"  --trial-ms MS      an image on trial that did not confirm by then is reset (default " TEXT(TRIAL_MS) ")\n"
	"  --watchdog-ms MS   a turn of the event loop that lasts longer ends the board; 0: never (default 5000)\n"
	"  --main MODULE      name of the module that is the program (default main)\n"
	"  --state DIR        what the board's flash keeps (also --dir); made when it is missing\n"
	"  --pins SOCKET      Unix socket on which the pins are watched and driven\n"
	"  --pins-wait MS     wait so long for a watcher to say where the inputs are (default 0)\n"
	"  --serial LINK      symbolic link to make to the serial line's terminal\n"
	"  --heap-kb N        heap of the engine in KiB: slots, chunks and stack (default 1024)\n"
	"  --stack N          slots of the engine's stack (default 1024)\n"
	"  --arg KEY=VALUE    a setting for the firmware; may be repeated\n"
	"  --reset-reason R   why this boot happens, for the firmware (default power-on)\n"
	"  --parent PID       stop when this process, which started the board, ends\n"
	"  --stress           collect garbage at every allocation\n"
	"  --plain            preload nothing: every module lives in the heap\n"
#ifdef VIRTUAL_TIME
	"  --clock SOCKET     Unix socket of who holds the clock (virtual-time.h)\n"
#endif
	"  --report-heap      print where the heap lies; on SIGUSR1 collect and print what it holds\n";

static _Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void refuse(const char *format, ...)
{
	va_list arguments;

	fputs("latchkey-board: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(EXIT_ARGUMENTS);
}

static unsigned long number(const char *option, const char *text, unsigned long minimum, unsigned long maximum)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || value < minimum || value > maximum) {
		refuse("%s %s: not a number of %lu to %lu", option, text, minimum, maximum);
	}
	return value;
}

static bool flag(const char *option)
{
	if (strcmp(option, "--stress") == 0) board.stress = true;
	else if (strcmp(option, "--plain") == 0) board.plain = true;
	else if (strcmp(option, "--report-heap") == 0) board.report_heap = true;
	else if (strcmp(option, "--flash") == 0) board.flash = true;
	else return false;
	return true;
}

enum { SLOT_KB_MAX = 16384, SECTOR_KB = 4 };

static uint32_t slot_bytes(const char *option, const char *value)
{
	unsigned long kb = number(option, value, 0, SLOT_KB_MAX);

	if (kb % SECTOR_KB != 0) refuse("%s %s: not a multiple of %d", option, value, SECTOR_KB);
	return (uint32_t)kb * 1024;
}

static void setting(const char *option, const char *value)
{
	if (strcmp(option, "--image") == 0) board.image = value;
	else if (strcmp(option, "--recovery") == 0) board.recovery = value;
	else if (strcmp(option, "--slot-kb") == 0) board.slot_bytes = slot_bytes(option, value);
	else if (strcmp(option, "--trial-ms") == 0) board.trial_ms = (uint32_t)number(option, value, 1, 86400000);
	else if (strcmp(option, "--watchdog-ms") == 0) board.watchdog_ms = (uint32_t)number(option, value, 0, 86400000);
	else if (strcmp(option, "--main") == 0) board.main_module = value;
	else if (strcmp(option, "--state") == 0 || strcmp(option, "--dir") == 0) board.state = value;
	else if (strcmp(option, "--pins") == 0) board.pins = value;
#ifdef VIRTUAL_TIME
	else if (strcmp(option, "--clock") == 0) board.clock = value;
#endif
	else if (strcmp(option, "--pins-wait") == 0) board.pins_wait_ms = (uint32_t)number(option, value, 0, 10000);
	else if (strcmp(option, "--serial") == 0) board.serial = value;
	else if (strcmp(option, "--heap-kb") == 0) board.heap_kb = number(option, value, 32, 1024 * 1024);
	else if (strcmp(option, "--stack") == 0) board.stack_slots = (uint32_t)number(option, value, 128, 1024 * 1024);
	else if (strcmp(option, "--reset-reason") == 0) board.reset_reason = value;
	else if (strcmp(option, "--parent") == 0) board.parent = number(option, value, 1, 0x7fffffff);
	else if (strcmp(option, "--arg") == 0) {
		if (!strchr(value, '=')) refuse("--arg %s: not KEY=VALUE", value);
		if (board.argument_count == BOARD_ARGUMENTS_MAX) refuse("more than %d --arg", BOARD_ARGUMENTS_MAX);
		board.arguments[board.argument_count++] = value;
	}
	else refuse("unknown option %s", option);
}

void board_parse(int argc, char *argv[])
{
	for (int index = 1; index < argc; index++) {
		if (strcmp(argv[index], "--help") == 0) {
			fputs(usage, stdout);
			exit(0);
		}
		if (flag(argv[index])) continue;
		if (strncmp(argv[index], "--", 2) != 0) refuse("%s: not an option", argv[index]);
		if (index + 1 >= argc) refuse("%s: without a value, or unknown", argv[index]);
		setting(argv[index], argv[index + 1]);
		index++;
	}
	if (!board.image && (board.slot_bytes == 0 || board.flash)) refuse("--image is missing");
	if (board.slot_bytes == 0 && (board.flash || board.recovery)) refuse("--flash and --recovery need --slot-kb");
	if (!board.state) refuse("--state is missing");
	if (board.stack_slots * 32 / 1024 + 16 > board.heap_kb) refuse("--stack does not fit --heap-kb");
}

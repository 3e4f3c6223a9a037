/* latchkey-board: runs a firmware image as a board on Linux. */
#include "xs.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "board.h"
#include "boot.h"
#include "cut.h"
#include "engine.h"
#include "fatal.h"
#include "fault.h"
#include "files.h"
#include "loop.h"
#include "pins.h"
#include "port.h"
#include "records.h"
#include "serial.h"
#include "system.h"
#include "virtual-time.h"
#include "watchdog.h"

static void after_turn(void)
{
	engine_run_jobs(engine_machine());
	system_turn_ended(engine_machine());
}

/* port_post takes a lock, so the signal only reaches a descriptor that the loop watches. */
static int report_pipe[2];

static void on_report_signal(int number)
{
	ssize_t written = write(report_pipe[1], "r", 1);

	(void)number;
	(void)written;
}

static void on_report(void *context, int events)
{
	char bytes[16];

	(void)context;
	(void)events;
	if (read(report_pipe[0], bytes, sizeof bytes) > 0) system_print_heap(NULL);
}

static void report_on_signal(void)
{
	if (pipe(report_pipe) != 0) fatal("no pipe");
	port_watch_add(report_pipe[0], PORT_READABLE, on_report, NULL);
	signal(SIGUSR1, on_report_signal);
	system_print_arena(engine_machine());
}

/* However the supervisor ends, its board does not go on alone. */
static void stop_with_parent(void)
{
	if (board.parent == 0) return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if ((unsigned long)getppid() != board.parent) halt(EXIT_STOPPED);  /* it ended before the call above */
}

int main(int argc, char *argv[])
{
	static Image image;
	const char *main_module;
	EngineOptions options;

	board_parse(argc, argv);
	fatal_install();
	stop_with_parent();
	virtual_time_start(board.clock);
	loop_start();
	files_start(board.state);
	records_start();
	fault_start();
	cut_start();
	pins_start(board.pins, board.pins_wait_ms);
	serial_start(board.serial);
	watchdog_start(board.watchdog_ms);
	boot_start(&image, &main_module);
	if (!image_find(&image, main_module)) fatal("image %s: has no module %s", board.image ? board.image : "of the slot", main_module);
	board.build_unix_ms = image.build_unix_ms;
	options = (EngineOptions){ board.heap_kb * 1024, board.stack_slots, board.stress, board.plain, board.report_heap };
	engine_boot(&image, &options);
	if (board.report_heap) report_on_signal();
	engine_run_main(engine_machine(), main_module);
	loop_run(after_turn);
}

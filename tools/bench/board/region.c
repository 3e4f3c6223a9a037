/* Marks of a measured region for callgrind: what runs between them is counted, and nothing else. Bench builds only. */
#include "xsmc.h"

#include <time.h>
#include <valgrind/callgrind.h>

void xs_bench_toggle(xsMachine *the)
{
	(void)the;
	CALLGRIND_TOGGLE_COLLECT;
}

/* Milliseconds of the processor that this process has had: where nothing waits, what a machine of its own would take. */
void xs_bench_cpu_ms(xsMachine *the)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	xsmcSetNumber(xsResult, (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6);
}

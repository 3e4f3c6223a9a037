/* Marks of a measured region for callgrind: what runs between them is counted, and nothing else. Bench builds only. */
#include "xs.h"

#include <valgrind/callgrind.h>

void xs_bench_toggle(xsMachine *the)
{
	(void)the;
	CALLGRIND_TOGGLE_COLLECT;
}

/*
 * What a board's process holds, for the test that counts it: loaded beside the host by LD_PRELOAD, so that the host
 * that is measured is the one that runs. Its natives are in no build of the product.
 *
 * It also leaks, when the test asks whether it would notice.
 */
#include "xsAll.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void port_log(const char *line);
/* As hosts/linux/engine.c sees it from this side. */
typedef struct {
	uint32_t slot_bytes, slots, chunks, stack_peak, stack_size, tables, aliases, keys, frozen_slots, heap_size;
	const void *arena;
} EngineReport;
void engine_report(txMachine *the, EngineReport *report);

enum { LEAK_DESCRIPTOR = 1, LEAK_MALLOC = 2 };

static int count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	if (!folder) return -1;
	while (readdir(folder)) count++;
	closedir(folder);
	return count - 3;  /* ".", ".." and the folder itself */
}

/* (): prints one line, after a full collection */
void xs_gauge_print(txMachine *the)
{
	EngineReport report;
	struct mallinfo2 heap;
	char line[160];

	engine_report(the, &report);
	heap = mallinfo2();
	snprintf(line, sizeof line, "gauge descriptors %d slots %u chunks %u malloc %zu keys %d", count_descriptors(), report.slots,
		report.chunks, heap.uordblks + heap.hblkhd, (int)the->keyIndex);
	port_log(line);
}

/* (which): loses a little of one kind */
void xs_gauge_leak(txMachine *the)
{
	int which = fxToInteger(the, mxArgv(0));

	if (which == LEAK_DESCRIPTOR && open("/dev/null", O_RDONLY) < 0) port_log("gauge: no descriptor");
	if (which == LEAK_MALLOC && !malloc(256)) port_log("gauge: no memory");
}

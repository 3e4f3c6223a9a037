/* What a probe needs of its host besides sockets: files named on the command line, and an end with a status. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "check.h"
#include "fatal.h"

enum { PATH_BYTES = 4096, FILE_BYTES_MAX = 1 << 20 };

/* The board's flash, where keys lie, is no place for a probe's files (I1). */
static bool is_in_flash(const char *resolved)
{
	char flash[PATH_MAX];
	size_t bytes;

	if (!realpath(board.state, flash)) return true;
	bytes = strlen(flash);
	return strncmp(resolved, flash, bytes) == 0 && resolved[bytes] == '/';
}

/* (path) -> ArrayBuffer, or undefined when it cannot be read, is above 1 MiB or lies in the board's state */
void xs_probe_file(xsMachine *the)
{
	char path[PATH_BYTES], resolved[PATH_MAX];
	FILE *file;
	long bytes = -1;
	void *data;
	xsUnsignedValue size;

	lk_text(the, 0, path, sizeof path);
	if (!realpath(path, resolved) || is_in_flash(resolved)) return;
	file = fopen(resolved, "rb");
	if (!file) return;
	if (fseek(file, 0, SEEK_END) == 0) bytes = ftell(file);
	if (bytes >= 0 && bytes <= FILE_BYTES_MAX && fseek(file, 0, SEEK_SET) == 0) {
		xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)bytes);
		xsmcGetBufferWritable(xsResult, &data, &size);
		if (fread(data, 1, (size_t)bytes, file) != (size_t)bytes) xsResult = xsUndefined;
	}
	fclose(file);
}

/* () -> KiB of memory that this process ever held at once; 0 when the system does not say */
void xs_probe_peak_kb(xsMachine *the)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	long peak_kb = 0;

	/* Not getrusage: what it says begins with what the parent held. */
	while (file && fgets(line, sizeof line, file) && sscanf(line, "VmHWM: %ld kB", &peak_kb) != 1) { }
	if (file) fclose(file);
	xsmcSetInteger(xsResult, (xsIntegerValue)peak_kb);
}

/* (status): ends the process */
void xs_probe_exit(xsMachine *the)
{
	halt((int)lk_number(the, 0, 0, 63));
}

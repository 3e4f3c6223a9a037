#include "files-recorder.h"

#ifdef FILES_RECORDER

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fatal.h"

enum { OPEN_MAX = 64, ALL = -1 };

typedef struct {
	int descriptor;
	unsigned number;
	size_t offset;
} OpenFile;

static FILE *journal;
static OpenFile open_files[OPEN_MAX];
static unsigned files_made;

static long bytes_left = ALL, operations_left = ALL;
static bool skip_sync, skip_directory_sync, skip_delete_sync, skip_parent_sync;
static bool made, made_synced;
static bool deleted;  /* the last change of a name was an unlink */

/* The journal must hold what was done when the process is killed: each operation is one flush. */
static void end_operation(void)
{
	if (journal && fflush(journal) != 0) fatal("journal: %s", strerror(errno));
}

static OpenFile *find(int descriptor)
{
	for (int index = 0; index < OPEN_MAX; index++) {
		if (open_files[index].number && open_files[index].descriptor == descriptor) return &open_files[index];
	}
	fatal("recorder: unknown file");
}

static void record_existing(int directory, const char *name)
{
	int file = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *bytes;

	if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) fatal("recorder: %s cannot be read", name);
	bytes = malloc((size_t)status.st_size + 1);
	if (!bytes || read(file, bytes, (size_t)status.st_size) != status.st_size) fatal("recorder: %s cannot be read", name);
	close(file);
	fprintf(journal, "exists %u %s %lu\n", ++files_made, name, (unsigned long)status.st_size);
	fwrite(bytes, 1, (size_t)status.st_size, journal);
	fputc('\n', journal);
	free(bytes);
}

static void take_environment(void)
{
	const char *faults = getenv("LATCHKEY_FILES_FAULT");
	static bool taken;

	if (!taken && faults) recorder_set_faults(faults);
	taken = true;
}

void recorder_made(bool synced)
{
	made = true;
	made_synced = synced;
}

void recorder_start(int directory)
{
	const char *path = getenv("LATCHKEY_JOURNAL");
	const struct dirent *entry;
	DIR *listing;

	take_environment();
	if (!path || journal) return;
	journal = fopen(path, "we");
	listing = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!journal || !listing) fatal("recorder: cannot start");
	if (made) fprintf(journal, "made %d\n", made_synced);
	while ((entry = readdir(listing))) {
		if (entry->d_name[0] != '.') record_existing(directory, entry->d_name);
	}
	closedir(listing);
	end_operation();
}

static void take_number(int descriptor, const char *kind, const char *name)
{
	for (int index = 0; index < OPEN_MAX; index++) {
		if (open_files[index].number) continue;
		open_files[index] = (OpenFile){ descriptor, ++files_made, 0 };
		if (journal) fprintf(journal, "%s %u %s\n", kind, files_made, name);
		end_operation();
		return;
	}
	fatal("recorder: too many open files");
}

void recorder_create(int descriptor, const char *name)
{
	take_number(descriptor, "create", name);
}

void recorder_open(int descriptor, const char *name)
{
	take_number(descriptor, "open", name);
}

void recorder_write_at(int descriptor, uint64_t offset, const void *bytes, size_t count)
{
	OpenFile *file = find(descriptor);

	if (journal) {
		fprintf(journal, "write %u %lu %lu\n", file->number, (unsigned long)offset, (unsigned long)count);
		fwrite(bytes, 1, count, journal);
		fputc('\n', journal);
	}
	if (bytes_left != ALL) bytes_left -= (long)count;
	end_operation();
}

void recorder_write(int descriptor, const void *bytes, size_t count)
{
	OpenFile *file = find(descriptor);

	recorder_write_at(descriptor, file->offset, bytes, count);
	file->offset += count;
}

void recorder_sync(int descriptor)
{
	if (journal) fprintf(journal, "sync %u\n", find(descriptor)->number);
	end_operation();
}

void recorder_close(int descriptor)
{
	find(descriptor)->number = 0;
}

void recorder_rename(const char *from, const char *to)
{
	deleted = false;
	if (journal) fprintf(journal, "rename %s %s\n", from, to);
	end_operation();
}

void recorder_unlink(const char *name)
{
	deleted = true;
	if (journal) fprintf(journal, "unlink %s\n", name);
	end_operation();
}

void recorder_sync_directory(void)
{
	if (journal) fputs("syncdir\n", journal);
	end_operation();
}

void recorder_mark(const char *what, const char *name, uint32_t value)
{
	if (journal) fprintf(journal, "mark %s %s %lu\n", what, name, (unsigned long)value);
	end_operation();
}

/* ---- faults ---- */

void recorder_set_faults(const char *faults)
{
	char list[256], *rest = list;

	snprintf(list, sizeof list, "%s", faults);
	bytes_left = operations_left = ALL;
	skip_sync = skip_directory_sync = skip_delete_sync = skip_parent_sync = false;
	for (char *fault; (fault = strsep(&rest, ",")); ) {
		if (strncmp(fault, "full:", 5) == 0) bytes_left = atol(fault + 5);
		else if (strncmp(fault, "io:", 3) == 0) operations_left = atol(fault + 3);
		else if (strcmp(fault, "skip-sync") == 0) skip_sync = true;
		else if (strcmp(fault, "skip-directory-sync") == 0) skip_directory_sync = true;
		else if (strcmp(fault, "skip-delete-sync") == 0) skip_delete_sync = true;
		else if (strcmp(fault, "skip-parent-sync") == 0) skip_parent_sync = true;
		else if (*fault) fatal("recorder: unknown fault %s", fault);
	}
}

size_t recorder_allows(size_t count)
{
	return bytes_left != ALL && (long)count > bytes_left ? (size_t)bytes_left : count;
}

bool recorder_fails(size_t count)
{
	if (count > 0 && bytes_left == 0) {
		errno = ENOSPC;
		return true;
	}
	if (operations_left == 0) {
		errno = EIO;
		return true;
	}
	if (operations_left != ALL) operations_left--;
	return false;
}

bool recorder_skips_sync(void)
{
	return skip_sync;
}

bool recorder_skips_directory_sync(void)
{
	return skip_directory_sync || (skip_delete_sync && deleted);
}

bool recorder_skips_parent_sync(void)
{
	take_environment();
	return skip_parent_sync;
}

#endif

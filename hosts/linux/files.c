#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fatal.h"
#include "files-recorder.h"

static int directory = -1;
static uint64_t bytes_written;

/* Syncs the directory that holds path, so that path's own name is durable. */
static bool sync_parent(const char *path)
{
	char parent[4096];
	char *slash;
	bool synced;
	int above;

	if (recorder_skips_parent_sync()) return false;
	if ((size_t)snprintf(parent, sizeof parent, "%s", path) >= sizeof parent) fatal("state: the path is too long");
	slash = strrchr(parent, '/');
	if (slash) slash[slash == parent] = 0;
	above = open(slash ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	synced = above >= 0 && fsync(above) == 0;
	if (!synced) fatal("state %s: %s", path, strerror(errno));
	close(above);
	return synced;
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0700) == 0) recorder_made(sync_parent(path));
	else if (errno != EEXIST) fatal("state %s: %s", path, strerror(errno));
}

void files_start(const char *path)
{
	make_directory(path);
	if (directory >= 0) close(directory);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) fatal("state %s: %s", path, strerror(errno));
	if (flock(directory, LOCK_EX | LOCK_NB) != 0) fatal("state %s: another board runs in it", path);
	recorder_start(directory);
}

int files_create(const char *name)
{
	int file;

	if (recorder_fails(0)) return -1;
	file = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file >= 0) recorder_create(file, name);
	return file;
}

bool files_write(int file, const void *bytes, size_t count)
{
	const char *at = bytes;

	if (recorder_fails(0)) return false;
	while (count > 0) {
		size_t allowed = recorder_allows(count);
		ssize_t done = allowed > 0 ? write(file, at, allowed) : 0;
		if (done < 0 && errno == EINTR) continue;
		if (done < 0) return false;
		if (done > 0) recorder_write(file, at, (size_t)done);
		bytes_written += (uint64_t)done;
		at += done;
		count -= (size_t)done;
		if (allowed == 0 && recorder_fails(count)) return false;
	}
	return true;
}

int files_open(const char *name)
{
	int file;

	if (recorder_fails(0)) return -1;
	file = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file >= 0) recorder_open(file, name);
	return file;
}

bool files_write_at(int file, uint64_t offset, const void *bytes, size_t count)
{
	const char *at = bytes;

	if (recorder_fails(0)) return false;
	while (count > 0) {
		size_t allowed = recorder_allows(count);
		ssize_t done = allowed > 0 ? pwrite(file, at, allowed, (off_t)offset) : 0;
		if (done < 0 && errno == EINTR) continue;
		if (done < 0) return false;
		if (done > 0) recorder_write_at(file, offset, at, (size_t)done);
		bytes_written += (uint64_t)done;
		at += done;
		offset += (uint64_t)done;
		count -= (size_t)done;
		if (allowed == 0 && recorder_fails(count)) return false;
	}
	return true;
}

bool files_read_at(int file, uint64_t offset, void *bytes, size_t count)
{
	char *at = bytes;

	if (recorder_fails(0)) return false;
	while (count > 0) {
		ssize_t got = pread(file, at, count, (off_t)offset);
		if (got < 0 && errno == EINTR) continue;
		if (got == 0) errno = EIO;  /* the file is shorter than it was */
		if (got <= 0) return false;
		at += got;
		offset += (uint64_t)got;
		count -= (size_t)got;
	}
	return true;
}

bool files_sync_content(int file)
{
	if (recorder_fails(0)) return false;
	if (recorder_skips_sync()) return true;
	if (fdatasync(file) != 0) return false;
	recorder_sync(file);
	return true;
}

bool files_sync(int file)
{
	if (recorder_fails(0)) return false;
	if (recorder_skips_sync()) return true;
	if (fsync(file) != 0) return false;
	recorder_sync(file);
	return true;
}

void files_close(int file)
{
	recorder_close(file);
	close(file);
}

bool files_rename(const char *from, const char *to)
{
	if (recorder_fails(0)) return false;
	if (renameat(directory, from, directory, to) != 0) return false;
	recorder_rename(from, to);
	return true;
}

bool files_unlink(const char *name)
{
	if (recorder_fails(0)) return false;
	if (unlinkat(directory, name, 0) != 0) return errno == ENOENT;
	recorder_unlink(name);
	return true;
}

bool files_sync_directory(void)
{
	if (recorder_fails(0)) return false;
	if (recorder_skips_directory_sync()) return true;
	if (fsync(directory) != 0) return false;
	recorder_sync_directory();
	return true;
}

bool files_read(const char *name, void *bytes, size_t capacity, size_t *count)
{
	int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), fault = 0;
	char *at = bytes, beyond;

	if (file < 0) return false;
	*count = 0;
	while (!fault) {
		bool room = *count < capacity;
		ssize_t got = room ? read(file, at + *count, capacity - *count) : read(file, &beyond, 1);
		if (got < 0 && errno == EINTR) continue;
		if (got < 0) fault = errno;
		else if (got == 0) break;
		else if (!room) fault = EFBIG;
		else *count += (size_t)got;
	}
	close(file);
	errno = fault;
	return fault == 0;
}

bool files_list(bool (*each)(void *context, const char *name), void *context)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	bool go_on = true;

	if (!listing) {
		if (copy >= 0) close(copy);
		return false;
	}
	errno = 0;
	while (go_on && (entry = readdir(listing))) {
		if (entry->d_name[0] != '.') go_on = each(context, entry->d_name);
		errno = 0;
	}
	if (errno) {
		closedir(listing);
		return false;
	}
	closedir(listing);
	return true;
}

uint64_t files_bytes_written(void)
{
	return bytes_written;
}

void files_mark(const char *what, const char *name, uint32_t value)
{
	recorder_mark(what, name, value);
}

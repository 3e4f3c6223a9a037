/*
 * The one layer through which this host writes files: everything lies flat in the board's state directory, which
 * stands for its flash. Names are what records.c makes them; nothing here follows a path out of the directory.
 *
 * A power cut may undo whatever was not synced: content until files_sync, names (create, rename, unlink) until
 * files_sync_directory. The build with -DFILES_RECORDER writes every operation to a journal besides, from which
 * test/host/cut.ts makes the directories that a cut could leave; it can also be told to fail.
 *
 * Functions that return bool say false with errno set. Engine's thread only.
 */
#ifndef LATCHKEY_FILES_H
#define LATCHKEY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the directory when it is missing, keeps it open, and takes the lock that no second board may hold. */
void files_start(const char *directory);

/* A new, empty file open for writing; one of that name is emptied. Negative on failure. */
int files_create(const char *name);
/* Writes all bytes at the end or fails; what a failure leaves in the file is undefined. */
bool files_write(int file, const void *bytes, size_t count);
bool files_sync(int file);
/* An existing file, for the three below. Negative on failure (ENOENT). */
int files_open(const char *name);
/* Over what is there; never beyond the file's end, whose length does not change. */
bool files_write_at(int file, uint64_t offset, const void *bytes, size_t count);
/* Exactly that many bytes, or fails. */
bool files_read_at(int file, uint64_t offset, void *bytes, size_t count);
/* As files_sync, for what was written in place. */
bool files_sync_content(int file);
/* Never fails: what matters was synced. */
void files_close(int file);
bool files_rename(const char *from, const char *to);
/* True as well when there is no such file. */
bool files_unlink(const char *name);
bool files_sync_directory(void);

/* Reads a whole file of at most capacity bytes. False: errno says why (ENOENT, EFBIG, EIO). */
bool files_read(const char *name, void *bytes, size_t capacity, size_t *count);
/* Calls back for every name, in no order, until the callback says false. */
bool files_list(bool (*each)(void *context, const char *name), void *context);

/* Bytes given to files_write and files_write_at since the start: what a flash would have to take. */
uint64_t files_bytes_written(void);
/* For the recorder: a line in the journal. */
void files_mark(const char *what, const char *name, uint32_t value);

#endif

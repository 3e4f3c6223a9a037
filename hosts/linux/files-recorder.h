/*
 * What a test build adds to files.c: a journal of every operation, and faults on demand. In the plain build all of
 * it is nothing.
 *
 * Journal (LATCHKEY_JOURNAL names it): one line an operation, fields separated by spaces, then for `exists` and
 * `write` the bytes and a line feed. Files are numbered in the order in which they are made.
 *
 *   made 0|1                    the state directory is new; 1: its own name was synced
 *   exists NUMBER NAME LENGTH   was there when the board started, counts as synced
 *   create NUMBER NAME          new and empty, or emptied (then under a new number)
 *   open NUMBER NAME            an existing file once more, for writing in place; the number is new
 *   write NUMBER OFFSET LENGTH
 *   sync NUMBER
 *   rename FROM TO
 *   unlink NAME
 *   syncdir
 *   mark WHAT NAME VALUE        said by the caller: "done" when an operation returned as durable
 *
 * Faults (LATCHKEY_FILES_FAULT, a list with commas): `full:N` no space after N more bytes; `io:N` everything fails
 * from the Nth operation on; `skip-sync`, `skip-directory-sync`, `skip-delete-sync` (the directory's, after an
 * unlink) leave that sync out and say that it was done, `skip-parent-sync` the one of the state directory's name.
 */
#ifndef LATCHKEY_FILES_RECORDER_H
#define LATCHKEY_FILES_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef FILES_RECORDER

void recorder_made(bool synced);
void recorder_start(int directory);
void recorder_create(int file, const char *name);
void recorder_open(int file, const char *name);
void recorder_write(int file, const void *bytes, size_t count);
void recorder_write_at(int file, uint64_t offset, const void *bytes, size_t count);
void recorder_sync(int file);
void recorder_close(int file);
void recorder_rename(const char *from, const char *to);
void recorder_unlink(const char *name);
void recorder_sync_directory(void);
void recorder_mark(const char *what, const char *name, uint32_t value);
/* Takes a fault list as LATCHKEY_FILES_FAULT has it; "" ends all faults. */
void recorder_set_faults(const char *faults);
/* How many of count bytes may still be written. */
size_t recorder_allows(size_t count);
/* True, with errno, when an operation must fail; count is what a write has left. */
bool recorder_fails(size_t count);
bool recorder_skips_sync(void);
bool recorder_skips_directory_sync(void);
bool recorder_skips_parent_sync(void);

#else

static inline void recorder_made(bool synced) { (void)synced; }
static inline void recorder_start(int directory) { (void)directory; }
static inline void recorder_create(int file, const char *name) { (void)file; (void)name; }
static inline void recorder_write(int file, const void *bytes, size_t count) { (void)file; (void)bytes; (void)count; }
static inline void recorder_open(int file, const char *name) { (void)file; (void)name; }
static inline void recorder_write_at(int file, uint64_t offset, const void *bytes, size_t count) { (void)file; (void)offset; (void)bytes; (void)count; }
static inline void recorder_sync(int file) { (void)file; }
static inline void recorder_close(int file) { (void)file; }
static inline void recorder_rename(const char *from, const char *to) { (void)from; (void)to; }
static inline void recorder_unlink(const char *name) { (void)name; }
static inline void recorder_sync_directory(void) { }
static inline void recorder_mark(const char *what, const char *name, uint32_t value) { (void)what; (void)name; (void)value; }
static inline size_t recorder_allows(size_t count) { return count; }
static inline bool recorder_fails(size_t count) { (void)count; return false; }
static inline bool recorder_skips_sync(void) { return false; }
static inline bool recorder_skips_directory_sync(void) { return false; }
static inline bool recorder_skips_parent_sync(void) { return false; }

#endif

#endif

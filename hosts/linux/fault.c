#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "files.h"

static const char NAME[] = "fault", TEMPORARY[] = "fault.new";

enum { WORD_BYTES_MAX = 48 };

static char last[FAULT_BYTES_MAX + 1];
static char text[FAULT_BYTES_MAX];
static size_t text_bytes;
static bool written;

static bool is_plain(const char *bytes, size_t count)
{
	for (size_t index = 0; index < count; index++) {
		if (bytes[index] < ' ' || bytes[index] > '~') return false;
	}
	return true;
}

void fault_start(void)
{
	size_t count;

	files_unlink(TEMPORARY);
	if (!files_read(NAME, last, FAULT_BYTES_MAX, &count) || !is_plain(last, count)) count = 0;
	last[count] = 0;
}

const char *fault_last(void)
{
	return last[0] ? last : NULL;
}

void fault_forget(void)
{
	last[0] = 0;
	if (files_unlink(NAME)) files_sync_directory();
}

/* What stands in names of functions and modules; whatever else a name may be made of does not leave the board. */
static bool is_of_a_name(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9')
		|| (byte && strchr("_$#.-/ []", byte));
}

static void put(char byte)
{
	if (text_bytes < sizeof text) text[text_bytes++] = byte;
}

static void put_word(const char *word)
{
	for (int index = 0; index < WORD_BYTES_MAX && word[index]; index++) put(is_of_a_name(word[index]) ? word[index] : '?');
}

static void put_number(uint32_t number)
{
	char digits[10];
	int count = 0;

	do digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0) put(digits[--count]);
}

void fault_add(const char *function, const char *module, uint32_t line)
{
	if (text_bytes > 0) {
		put(' ');
		put('<');
		put(' ');
	}
	put_word(function && *function ? function : "anonymous");
	if (!module) return;
	put(' ');
	put('(');
	put_word(module);
	if (line) {
		put(':');
		put_number(line);
	}
	put(')');
}

void fault_write(void)
{
	int file;
	bool whole;

	if (written || text_bytes == 0) return;
	written = true;
	file = files_create(TEMPORARY);
	if (file < 0) return;
	whole = files_write(file, text, text_bytes) && files_sync(file);
	files_close(file);
	if (whole && files_rename(TEMPORARY, NAME)) files_sync_directory();
}

/*
 * latchkey-image: compiles a list of ES modules into one firmware image (image.h).
 *
 *   latchkey-image [--lines] [--time UNIX_MS] [--sequence N] [--security-version N] [--version TEXT] [--board NAME]
 *                  --list FILE --output FILE
 *
 * The list has one line a module: name, tab, path of a .js file, tab, "preload" or "load". It never runs what
 * it compiles. --lines keeps line numbers for the error stacks of a debug board. Equal modules, options and time make
 * equal bytes: no path of a file is in the image.
 */
#include "xsScript.h"

#include <sys/stat.h>

#include "crc32.h"
#include "engine-version.h"
#include "image.h"

#if XS_MAJOR_VERSION != ENGINE_VERSION_MAJOR || XS_MINOR_VERSION != ENGINE_VERSION_MINOR || XS_PATCH_VERSION != ENGINE_VERSION_PATCH
	#error engine-version.h does not say what the engine says
#endif

/* ---- what the engine's parser asks of its surroundings ---- */

void fxAbort(void *console, int status)
{
	(void)console;
	fprintf(stderr, "latchkey-image: the parser gave up (status %d: memory 1, stack 2)\n", status);
	exit(1);
}

txID fxGenerateProfileID(void *console)
{
	(void)console;
	return XS_NO_ID;
}

void fxGenerateTag(void *console, txString buffer, txInteger bytes, txString path)
{
	(void)console;
	snprintf(buffer, (size_t)bytes, "#%s", path ? path : "");
}

void fxVReport(void *console, txString format, c_va_list arguments)
{
	(void)console;
	vfprintf(stderr, format, arguments);
}

static void report(const char *kind, txString path, txInteger line, txString format, c_va_list arguments)
{
	fprintf(stderr, "%s:%d: %s: ", path ? path : "?", (int)line, kind);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void fxVReportError(void *console, txString path, txInteger line, txString format, c_va_list arguments)
{
	(void)console;
	report("error", path, line, format, arguments);
}

void fxVReportWarning(void *console, txString path, txInteger line, txString format, c_va_list arguments)
{
	(void)console;
	report("warning", path, line, format, arguments);
}

/* ---- the output, kept in memory until it is whole ---- */

typedef struct {
	uint8_t *bytes;
	size_t used, room;
} Output;

static void fail(const char *format, ...)
{
	va_list arguments;

	fputs("latchkey-image: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static void add(Output *output, const void *bytes, size_t count)
{
	if (output->used + count > output->room) {
		output->room = (output->used + count) * 2;
		output->bytes = realloc(output->bytes, output->room);
		if (!output->bytes) fail("out of memory");
	}
	if (bytes) memcpy(output->bytes + output->used, bytes, count);
	else memset(output->bytes + output->used, 0, count);
	output->used += count;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int byte = 0; byte < 4; byte++) at[byte] = (uint8_t)(value >> (8 * byte));
}

static void add_u32(Output *output, uint32_t value)
{
	uint8_t bytes[4];

	put_u32(bytes, value);
	add(output, bytes, sizeof bytes);
}

/* ---- modules ---- */

static txScript *compile(const char *name, const char *path, bool lines)
{
	txParser _parser, *parser = &_parser;
	txParserJump jump;
	txScript *volatile script = NULL;
	FILE *volatile file = fopen(path, "rb");

	if (!file) fail("%s: %s", path, strerror(errno));
	fxInitializeParser(parser, NULL, 1024 * 1024, 1993);
	parser->firstJump = &jump;
	if (c_setjmp(jump.jmp_buf) == 0) {
		txString map = NULL;
		parser->path = fxNewParserSymbol(parser, (txString)name);
		fxParserTree(parser, file, (txGetter)fgetc, lines ? mxDebugFlag : 0, &map);
		if (lines) parser->source = parser->path;
		fxParserHoist(parser);
		fxParserBind(parser);
		script = fxParserCode(parser);
	}
	fclose(file);
	if (parser->errorCount || !script) fail("%s does not compile", path);
	fxTerminateParser(parser);
	return script;
}

static void add_module(Output *output, const char *name, const char *path, bool preload, bool lines)
{
	txScript *script = compile(name, path, lines);
	uint32_t name_bytes = (uint32_t)strlen(name) + 1;
	uint32_t content = IMAGE_RECORD_BYTES + name_bytes + (uint32_t)script->symbolsSize + (uint32_t)script->codeSize;
	uint32_t padding = (4 - content % 4) % 4;

	if (script->hostsBuffer) fail("%s: the @ syntax is not for this host; use native()", path);
	add_u32(output, content + padding);
	add_u32(output, preload ? IMAGE_PRELOAD : 0);
	add_u32(output, name_bytes);
	add_u32(output, (uint32_t)script->symbolsSize);
	add_u32(output, (uint32_t)script->codeSize);
	add(output, name, name_bytes);
	add(output, script->symbolsBuffer, (size_t)script->symbolsSize);
	add(output, script->codeBuffer, (size_t)script->codeSize);
	add(output, NULL, padding);
	fxDeleteScript(script);
}

static uint32_t add_list(Output *output, const char *path, bool lines)
{
	static char line[8192];
	FILE *list = fopen(path, "r");
	uint32_t count = 0;

	if (!list) fail("%s: %s", path, strerror(errno));
	for (unsigned number = 1; fgets(line, sizeof line, list); number++) {
		char *source = strchr(line, '\t');
		char *mode = source ? strchr(source + 1, '\t') : NULL;
		line[strcspn(line, "\n")] = 0;
		if (line[0] == 0) continue;
		if (!mode) fail("%s:%u: not name, path and mode", path, number);
		*source++ = 0;
		*mode++ = 0;
		if (strcmp(mode, "preload") != 0 && strcmp(mode, "load") != 0) fail("%s:%u: mode is preload or load", path, number);
		if (strlen(line) > IMAGE_NAME_MAX) fail("%s:%u: name too long", path, number);
		if (++count > IMAGE_MODULES_MAX) fail("%s: more than %d modules", path, IMAGE_MODULES_MAX);
		add_module(output, line, source, mode[0] == 'p', lines);
	}
	fclose(list);
	if (count == 0) fail("%s: no modules", path);
	return count;
}

static void write_output(const Output *output, const char *path)
{
	char temporary[4096];
	FILE *file;

	if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary) fail("output path too long");
	file = fopen(temporary, "wb");
	if (!file) fail("%s: %s", temporary, strerror(errno));
	if (fwrite(output->bytes, 1, output->used, file) != output->used || fclose(file) != 0) fail("%s: %s", temporary, strerror(errno));
	if (rename(temporary, path) != 0) fail("%s: %s", path, strerror(errno));
}

/* ---- the command line ---- */

enum { SECURITY_VERSION_MAX = 16 };

static int usage(void)
{
	fprintf(stderr, "usage: latchkey-image [--lines] [--time UNIX_MS] [--sequence N] [--security-version N] [--version TEXT]"
		" [--board NAME] --list FILE --output FILE\n");
	return 2;
}

static uint64_t number(const char *option, const char *text, uint64_t maximum)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || value > maximum) {
		fprintf(stderr, "latchkey-image: %s %s: not a number of 0 to %llu\n", option, text, (unsigned long long)maximum);
		exit(2);
	}
	return value;
}

/* Text that stands in the header as it is: printable, without a zero, at most `maximum` bytes. */
static const char *header_text(const char *option, const char *text, size_t maximum)
{
	size_t length = strlen(text);

	for (size_t index = 0; index < length; index++) {
		if (text[index] < ' ' || text[index] > '~') length = maximum + 1;
	}
	if (length > maximum) {
		fprintf(stderr, "latchkey-image: %s: not printable, or longer than %zu bytes\n", option, maximum);
		exit(2);
	}
	return text;
}

int main(int argc, char *argv[])
{
	const char *list = NULL, *path = NULL, *epoch = getenv("SOURCE_DATE_EPOCH");
	const char *version = "", *board = "linux";
	uint32_t sequence = 0, security_version = 0;
	bool lines = false;
	uint64_t build_unix_ms = epoch ? strtoull(epoch, NULL, 10) * 1000 : (uint64_t)time(NULL) * 1000;
	Output output = { NULL, 0, 0 };
	uint32_t count, crc;

	for (int index = 1; index < argc; index++) {
		const char *option = argv[index];
		const char *value = index + 1 < argc ? argv[index + 1] : NULL;
		if (strcmp(option, "--lines") == 0) { lines = true; continue; }
		if (!value) { fprintf(stderr, "latchkey-image: %s: unknown or without a value\n", option); return 2; }
		if (strcmp(option, "--list") == 0) list = value;
		else if (strcmp(option, "--output") == 0) path = value;
		else if (strcmp(option, "--time") == 0) build_unix_ms = number(option, value, UINT64_MAX);
		else if (strcmp(option, "--sequence") == 0) sequence = (uint32_t)number(option, value, UINT32_MAX);
		else if (strcmp(option, "--security-version") == 0) security_version = (uint32_t)number(option, value, SECURITY_VERSION_MAX);
		else if (strcmp(option, "--version") == 0) version = header_text(option, value, IMAGE_VERSION_BYTES);
		else if (strcmp(option, "--board") == 0) board = header_text(option, value, IMAGE_BOARD_BYTES);
		else { fprintf(stderr, "latchkey-image: unknown option %s\n", option); return 2; }
		index++;
	}
	if (!list || !path) return usage();
	add(&output, NULL, IMAGE_HEADER_BYTES);
	count = add_list(&output, list, lines);
	memcpy(output.bytes, IMAGE_MAGIC, 8);
	put_u32(output.bytes + 8, IMAGE_FORMAT);
	put_u32(output.bytes + 12, ENGINE_VERSION);
	put_u32(output.bytes + 16, sizeof(txID));
	put_u32(output.bytes + 20, (uint32_t)output.used);
	put_u32(output.bytes + 24, (uint32_t)build_unix_ms);
	put_u32(output.bytes + 28, (uint32_t)(build_unix_ms >> 32));
	put_u32(output.bytes + 32, count);
	put_u32(output.bytes + 40, sequence);
	put_u32(output.bytes + 44, security_version);
	memcpy(output.bytes + 48, version, strlen(version));
	memcpy(output.bytes + 48 + IMAGE_VERSION_BYTES, board, strlen(board));
	crc = crc32_update(0, output.bytes, IMAGE_CRC_OFFSET);
	crc = crc32_update(crc, output.bytes + IMAGE_CRC_END, output.used - IMAGE_CRC_END);
	put_u32(output.bytes + IMAGE_CRC_OFFSET, crc);
	write_output(&output, path);
	free(output.bytes);
	return 0;
}

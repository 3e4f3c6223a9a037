/*
 * Modules of the image for the engine: linking their code once, resolving a specifier against the name of the
 * module that imports it (as the Moddable SDK does: relative to the name, ".js" dropped), loading by name.
 */
#include "xsAll.h"
#include "xsScript.h"

#include "engine-version.h"
#include "fatal.h"
#include "image.h"

#if XS_MAJOR_VERSION != ENGINE_VERSION_MAJOR || XS_MINOR_VERSION != ENGINE_VERSION_MINOR || XS_PATCH_VERSION != ENGINE_VERSION_PATCH
	#error engine-version.h does not say what the engine says
#endif

void engine_link_image(txMachine *root, Image *image);

static const Image *linked;

/* The code's own identifiers, in the order its symbols have. */
static txID *map_symbols(txMachine *the, const ImageModule *module, txID *count)
{
	txByte *at = (txByte *)module->symbols;
	const txByte *end = at + module->symbols_bytes;
	txID *ids;

	mxDecodeID(at, *count);
	ids = calloc(*count ? *count : 1, sizeof *ids);
	if (!ids) fatal("out of memory while the image is linked");
	for (txID index = 1; index < *count; index++) {
		size_t left = (size_t)(end - at), length = strnlen((char *)at, left);
		if (length == left) fatal("image: module %s has a broken symbol table", module->name);
		ids[index] = fxNewNameC(the, (txString)at);
		at += length + 1;
	}
	return ids;
}

/* Functions and strings of code that stays in place are used where they lie (the archive forms of the codes). */
static txU1 in_place(txU1 code)
{
	switch (code) {
	case XS_CODE_CODE_1: return XS_CODE_CODE_ARCHIVE_1;
	case XS_CODE_CODE_2: return XS_CODE_CODE_ARCHIVE_2;
	case XS_CODE_CODE_4: return XS_CODE_CODE_ARCHIVE_4;
	case XS_CODE_STRING_1: return XS_CODE_STRING_ARCHIVE_1;
	case XS_CODE_STRING_2: return XS_CODE_STRING_ARCHIVE_2;
	case XS_CODE_STRING_4: return XS_CODE_STRING_ARCHIVE_4;
	default: return code;
	}
}

static void link_module(txMachine *the, const ImageModule *module)
{
	txID count = 0, id;
	txID *ids = map_symbols(the, module, &count);
	txByte *at = (txByte *)module->code;
	const txByte *end = at + module->code_bytes;

	while (at < end) {
		txU1 code = in_place(*(txU1 *)at);
		txS1 size;
		if (code >= XS_CODE_COUNT) fatal("image: module %s has unknown code", module->name);
		size = gxCodeSizes[code];
		*(txU1 *)at = code;
		if (size > 0) at += size;
		else if (size == 0) {
			at++;
			mxDecodeID(at, id);
			if (id != XS_NO_ID) {
				if (id >= count) fatal("image: module %s has an unknown symbol", module->name);
				id = ids[id];
				at -= sizeof(txID);
				mxEncodeID(at, id);
			}
		}
		else if (size == -1) at += 2 + *(txU1 *)(at + 1);
		else if (size == -2) {
			txU2 length;
			at++;
			mxDecode2(at, length);
			at += length;
		}
		else {
			txS4 length;
			at++;
			mxDecode4(at, length);
			if (length < 0) fatal("image: module %s has broken code", module->name);
			at += length;
		}
	}
	if (at != end) fatal("image: module %s has broken code", module->name);
	free(ids);
}

void engine_link_image(txMachine *root, Image *image)
{
	linked = image;
	for (uint32_t index = 0; index < image->count; index++) link_module(root, &image->modules[index]);
	image_protect(image);
}

/* ---- specifiers ---- */

/* Levels to go up: -1 for a bare specifier, 0 for "./x", 1 for "../x" and so on; *rest is what follows the slash. */
static int relative_levels(const char *specifier, const char **rest)
{
	int levels = -1;

	*rest = specifier;
	if (strncmp(specifier, "./", 2) == 0) {
		levels = 0;
		*rest = specifier + 2;
	}
	while (strncmp(*rest, "../", 3) == 0) {
		levels = levels < 0 ? 1 : levels + 1;
		*rest += 3;
	}
	return levels;
}

static void drop_extension(char *name)
{
	char *dot = strrchr(name, '.');

	if (dot && !strchr(dot, '/') && (strcmp(dot, ".js") == 0 || strcmp(dot, ".mjs") == 0)) *dot = 0;
}

/* The importing module's folder, `levels` up. False when there is none. */
static bool folder_of(char *folder, size_t bytes, const char *importer, int levels)
{
	if ((size_t)snprintf(folder, bytes, "/%s", importer) >= bytes) return false;
	for (int level = 0; level <= levels; level++) {
		char *slash = strrchr(folder, '/');
		if (!slash) return false;
		*slash = 0;
	}
	return true;
}

txID fxFindModule(txMachine *the, txSlot *realm, txID importer, txSlot *specifier)
{
	char given[IMAGE_NAME_MAX + 8], name[2 * sizeof given];
	const char *rest;
	int levels;

	(void)realm;
	fxToStringBuffer(the, specifier, given, sizeof given);
	levels = relative_levels(given, &rest);
	if (levels < 0) snprintf(name, sizeof name, "/%s", given);
	else {
		char folder[sizeof given];
		txString from = importer == XS_NO_ID ? NULL : fxGetKeyName(the, importer);
		if (!from || !folder_of(folder, sizeof folder, from, levels)) return XS_NO_ID;
		snprintf(name, sizeof name, "%s/%s", folder, rest);
	}
	drop_extension(name);
	if (!image_find(linked, name + 1)) return XS_NO_ID;
	return fxNewNameC(the, name + 1);
}

void fxLoadModule(txMachine *the, txSlot *slot, txID id)
{
	txString name = fxGetKeyName(the, id);
	const ImageModule *module = image_find(linked, name);
	txScript script;

	if (!module) return;
	memset(&script, 0, sizeof script);
	script.codeBuffer = (txByte *)module->code;
	script.codeSize = (txSize)module->code_bytes;
	script.path = (txString)module->name;
	script.version[0] = XS_MAJOR_VERSION;
	script.version[1] = XS_MINOR_VERSION;
	script.version[2] = XS_PATCH_VERSION;
	fxResolveModule(the, slot, id, &script, NULL, NULL);
}

/* A board compiles nothing: eval and new Function find no parser and throw SyntaxError. */
txScript *fxParseScript(txMachine *the, void *stream, txGetter getter, txUnsigned flags)
{
	(void)the;
	(void)stream;
	(void)getter;
	(void)flags;
	return NULL;
}

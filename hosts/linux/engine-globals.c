/*
 * The globals that this host adds to the built-ins: trace, native, Native, TextEncoder, TextDecoder.
 *
 * native("name") is the C function of that name in this program; Native("name") is a base class whose instances
 * are destroyed by that C function. Both are made while modules are preloaded, but nothing native may be called
 * before the machine is cloned (a board preloads on another computer): until then each refuses.
 */
#include "xsmc.h"

#include <dlfcn.h>

#include "engine.h"
#include "fatal.h"

extern void modInstallTextDecoder(xsMachine *the);
extern void modInstallTextEncoder(xsMachine *the);

/* ---- natives made while preloading ---- */

#include "engine-natives.h"

static void *symbol_of(xsMachine *the)
{
	char name[128];
	void *symbol;

	if (xsmcTypeOf(xsArg(0)) != xsStringType && xsmcTypeOf(xsArg(0)) != xsStringXType) xsTypeError("native: no name");
	xsmcToStringBuffer(xsArg(0), name, sizeof name);
	if (strncmp(name, "xs_", 3) != 0) xsTypeError("native %s: not the name of a native", name);
	symbol = dlsym(RTLD_DEFAULT, name);
	if (!symbol) xsReferenceError("native %s: not in this host", name);
	return symbol;
}

static void global_native(xsMachine *the)
{
	engine_new_native(the, (xsCallback)symbol_of(the));
}

/* super() of a class that extends Native(...): the instance takes its destructor from the prototype. */
static void construct_native(xsMachine *the)
{
	if (xsmcTypeOf(xsTarget) == xsUndefinedType) xsTypeError("call: class");
	xsmcGet(xsResult, xsTarget, engine_prototype_id());
	xsResult = xsNewHostInstance(xsResult);
}

static void global_Native(xsMachine *the)
{
	xsDestructor destructor = (xsDestructor)symbol_of(the);

	xsmcVars(1);
	xsVar(0) = xsNewHostObject(destructor);
	xsResult = xsNewHostConstructor(construct_native, 0, xsVar(0));
}

/* ---- trace ---- */

static void global_trace(xsMachine *the)
{
	int count = xsmcArgc;

	for (int index = 0; index < count; index++) {
		const char *text = xsmcToString(xsArg(index));
		size_t bytes = strlen(text);
		while (bytes > 0) {
			ssize_t written = write(STDOUT_FILENO, text, bytes);
			if (written < 0 && errno == EINTR) continue;
			if (written <= 0) return;
			text += written;
			bytes -= (size_t)written;
		}
	}
}

void engine_install_globals(xsMachine *root)
{
	modInstallTextEncoder(root);
	modInstallTextDecoder(root);
	xsBeginHost(root);
	{
		xsmcVars(1);
		xsVar(0) = xsNewHostFunction(global_trace, 1);
		xsmcDefine(xsGlobal, xsID("trace"), xsVar(0), xsDontEnum);
		xsVar(0) = xsNewHostFunction(global_native, 1);
		xsmcDefine(xsGlobal, xsID("native"), xsVar(0), xsDontEnum);
		xsVar(0) = xsNewHostFunction(global_Native, 1);
		xsmcDefine(xsGlobal, xsID("Native"), xsVar(0), xsDontEnum);
	}
	xsEndHost(root);
}

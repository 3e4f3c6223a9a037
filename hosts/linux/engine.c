#include "xsAll.h"

#include <sys/mman.h>

#include "fatal.h"
#include "fault.h"
#include "image.h"
#include "port.h"

/* engine.h speaks xs.h, whose names clash with the engine's own; these are its declarations from this side. */
typedef struct {
	size_t heap_bytes;
	uint32_t stack_slots;
	bool stress;
	bool plain;
	bool report;
} EngineOptions;
typedef struct {
	uint32_t slot_bytes, slots, chunks, stack_peak, stack_size, tables, aliases, keys, frozen_slots, heap_size;
	const void *arena;
} EngineReport;
txMachine *engine_boot(Image *image, const EngineOptions *options);
void engine_run_main(txMachine *the, const char *module);
void engine_run_jobs(txMachine *the);
void engine_report(txMachine *the, EngineReport *report);
uint32_t engine_free_bytes(txMachine *the);
uint32_t engine_least_free_bytes(void);
txMachine *engine_machine(void);
uint32_t engine_meter(const txMachine *the);
extern void engine_link_image(txMachine *root, Image *image);
extern void engine_install_globals(txMachine *root);
extern void engine_arm_natives(void);
extern void engine_freeze(txMachine *root, bool report);
extern const char *const host_id_names[];
extern txID host_ids[];
extern const unsigned host_id_count;
extern int gxStress;

static txMachine *root_machine, *machine;

txMachine *engine_machine(void)
{
	return machine;
}

/* ---- the end of a machine ---- */

static const char *abort_text(int status)
{
	switch (status) {
	case XS_NOT_ENOUGH_MEMORY_EXIT: return "heap exhausted";
	case XS_STACK_OVERFLOW_EXIT: return "stack overflow";
	case XS_FATAL_CHECK_EXIT: return "engine check failed";
	case XS_UNHANDLED_EXCEPTION_EXIT: return "uncaught exception";
	case XS_NO_MORE_KEYS_EXIT: return "no more property keys";
	case XS_UNHANDLED_REJECTION_EXIT: return "unhandled rejection";
	default: return "abort";
	}
}

/* The functions under way, innermost first, without allocating anything. */
static void log_frames(txMachine *the)
{
	int depth = 0;

	for (txSlot *frame = the->frame; frame && depth < 12; frame = frame->next) {
		txSlot *function = frame + 3, *code;
		txString name = NULL;
		char line[160];
		if (function->kind != XS_REFERENCE_KIND || !mxIsFunction(function->value.reference)) continue;
		code = mxFunctionInstanceCode(function->value.reference);
		if (code->ID != XS_NO_ID) name = fxGetKeyName(the, code->ID);
		snprintf(line, sizeof line, " at %s", name ? name : "(anonymous)");
		port_log(line);
		depth++;
	}
}

/* ---- the same for the fault record: names and lines, nothing that a program computed ---- */

enum { FRAMES_MAX = 24, FRAMES_WALKED_MAX = 4096 };

static const char *module_of(txMachine *the, txSlot *function)
{
	txSlot *home = mxFunctionInstanceHome(function), *module;

	if (!home || home->kind != XS_HOME_KIND) return NULL;
	module = home->value.home.module;
	if (!module || !module->next || module->next->kind != XS_MODULE_KIND || module->next->value.module.id == XS_NO_ID) return NULL;
	return fxGetKeyName(the, module->next->value.module.id);
}

/* A function that calls itself stands there once. */
static void record_frames(txMachine *the)
{
	const txSlot *former = NULL;
	int depth = 0, walked = 0;

	for (txSlot *frame = the->frame; frame && depth < FRAMES_MAX && walked < FRAMES_WALKED_MAX; frame = frame->next, walked++) {
		txSlot *reference = frame + 3, *function, *code, *environment;
		uint32_t line = 0;
		if (reference->kind != XS_REFERENCE_KIND || !mxIsFunction(reference->value.reference)) continue;
		function = reference->value.reference;
		if (function == former) continue;
		former = function;
		code = mxFunctionInstanceCode(function);
		environment = mxFrameToEnvironment(frame);
		if (environment >= the->stackBottom && environment < the->stackTop && environment->ID != XS_NO_ID) line = (uint32_t)environment->value.environment.line;
		fault_add(code->ID != XS_NO_ID ? fxGetKeyName(the, code->ID) : NULL, module_of(the, function), line);
		depth++;
	}
}

/* Where an error was made, from what the engine kept in it then. What is thrown and is no error has no place. */
static void record_exception(txMachine *the)
{
	txSlot *error = mxException.kind == XS_REFERENCE_KIND ? mxException.value.reference->next : NULL;
	int depth = 0;

	if (!error || error->kind != XS_ERROR_KIND || !error->value.reference) return;
	for (txSlot *frame = error->value.reference->next; frame && depth < FRAMES_MAX; frame = frame->next, depth++) {
		const char *module = frame->ID != XS_NO_ID ? fxGetKeyName(the, frame->ID) : NULL;
		fault_add(frame->value.key.string, module, module ? (uint32_t)frame->value.key.sum : 0);
	}
}

static void log_exception(txMachine *the)
{
	/* A frame of C: from the frame that threw, the engine would go on where that one calls. */
	fxBeginHost(the);
	mxPush(mxException);
	mxException = mxUndefined;
	{
		mxTry(the) {
			txSlot *exception = the->stack;
			txString text = NULL;
			mxOverflow(-16);
			if (exception->kind == XS_REFERENCE_KIND) {
				mxPushSlot(exception);
				fxGetID(the, mxID(_stack));
				if (the->stack->kind == XS_STRING_KIND || the->stack->kind == XS_STRING_X_KIND) text = the->stack->value.string;
			}
			if (!text) {
				mxPushSlot(exception);
				text = fxToString(the, the->stack);
			}
			for (txString line = text; line; ) {
				txString end = strchr(line, '\n');
				char part[512];
				snprintf(part, sizeof part, "%.*s", end ? (int)(end - line) : (int)strlen(line), line);
				port_log(part);
				line = end ? end + 1 : NULL;
			}
		}
		mxCatch(the) {
			port_log("(the exception cannot be shown)");
		}
	}
}

void fxAbort(txMachine *the, int status)
{
	static int first;
	char line[96];

	if (!first) {
		first = status;
		halt_outputs();
		snprintf(line, sizeof line, "abort: %s", abort_text(status));
		port_log(line);
		/* On record before anything is computed: what follows may meet the same end. */
		if (status == XS_UNHANDLED_EXCEPTION_EXIT || status == XS_UNHANDLED_REJECTION_EXIT) record_exception(the);
		else record_frames(the);
		fault_write();
		if (status == XS_UNHANDLED_EXCEPTION_EXIT || status == XS_UNHANDLED_REJECTION_EXIT) log_exception(the);
		else log_frames(the);
	}
	halt(EXIT_ABORT + first);
}

/* ---- how much of the arena is free ---- */

static uint32_t least_free = UINT32_MAX;
static txSize slots_before, chunks_before;

static uint32_t free_bytes(const txMachine *the)
{
	size_t all = (size_t)((uint8_t *)the->stackBottom - the->arena);
	size_t used = (size_t)the->currentHeapCount * sizeof(txSlot) + (size_t)the->currentChunksSize;

	return used < all ? (uint32_t)(all - used) : 0;
}

static void note_free(const txMachine *the)
{
	uint32_t now = free_bytes(the);

	if (now < least_free) least_free = now;
}

/* At the end of a turn: less is in use only when a collection ran, and what it left is what the firmware needs. */
static void notice_collection(const txMachine *the)
{
	if (the->currentHeapCount < slots_before || the->currentChunksSize < chunks_before) note_free(the);
	slots_before = the->currentHeapCount;
	chunks_before = the->currentChunksSize;
}

uint32_t engine_free_bytes(txMachine *the)
{
	fxCollect(the, XS_COMPACT_FLAG);
	note_free(the);
	return free_bytes(the);
}

uint32_t engine_least_free_bytes(void)
{
	return least_free;
}

/* ---- promise jobs ---- */

void fxQueuePromiseJobs(txMachine *the)
{
	the->promise_jobs = true;
}

void engine_run_jobs(txMachine *the)
{
	while (the->promise_jobs) {
		the->promise_jobs = false;
		fxRunPromiseJobs(the);
	}
	fxEndJob(the);
	fxCheckUnhandledRejections(the, 1);
	notice_collection(the);
}

/* ---- building and cloning ---- */

void fxCreateMachinePlatform(txMachine *the)
{
	(void)the;
}

void fxDeleteMachinePlatform(txMachine *the)
{
	(void)the;
}

enum { NAME_MODULO = 127, SYMBOL_MODULO = 127 };
enum { ROOT_BYTES = 64 * 1024 * 1024 };  /* of addresses; memory is taken as it is used */

static void new_arena(uint8_t *bounds[2], size_t bytes)
{
	bounds[0] = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bounds[0] == MAP_FAILED) fatal("no memory for a heap of %zu bytes", bytes);
	bounds[1] = bounds[0] + bytes;
}

static void preload(txMachine *the, const Image *image)
{
	fxBeginHost(the);
	{
		mxTry(the) {
			for (uint32_t index = 0; index < image->count; index++) {
				if (!image->modules[index].preload) continue;
				mxPushStringC((txString)image->modules[index].name);
				fxAwaitImport(the, XS_IMPORT_NAMESPACE);
				mxPop();
			}
		}
		mxCatch(the) {
			fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
		}
	}
	fxEndHost(the);
	engine_run_jobs(the);
}

static txMachine *build_root(Image *image, const EngineOptions *options)
{
	uint8_t *bounds[2];
	txCreation creation = {
		.initialChunkSize = 256 * 1024, .incrementalChunkSize = 64 * 1024,
		.initialHeapCount = 16 * 1024, .incrementalHeapCount = 4 * 1024,
		.stackCount = 8 * 1024, .initialKeyCount = 4096, .incrementalKeyCount = 4096,
		.nameModulo = NAME_MODULO, .symbolModulo = SYMBOL_MODULO,
		.parserBufferSize = 1024, .parserTableModulo = 127,
	};
	txMachine *the;

	new_arena(bounds, ROOT_BYTES);
	the = fxCreateMachine(&creation, "root", bounds, XS_NO_ID);
	if (!the) fatal("out of memory while the image is prepared");
	fxBeginHost(the);
	for (unsigned index = 0; index < host_id_count; index++) host_ids[index] = fxID(the, (txString)host_id_names[index]);
	fxEndHost(the);
	engine_install_globals(the);
	engine_link_image(the, image);
	if (!options->plain) preload(the, image);
	engine_freeze(the, options->report);
	engine_arm_natives();
	/* Flash, from here on: whatever writes to the frozen part faults. */
	if (mprotect(bounds[0], ROOT_BYTES, PROT_READ) != 0) fatal("the frozen part cannot be protected");
	return the;
}

static void paint_stack(txMachine *the);

static txMachine *clone_root(txMachine *root, const EngineOptions *options)
{
	uint8_t *bounds[2];
	/*
	 * A third each from the start, as on a board: the engine collects when a part is used up and takes more only when
	 * nothing was free, so parts that begin small are collected at nearly every turn. The last third goes to whichever
	 * part needs it.
	 */
	size_t shared = options->heap_bytes - options->stack_slots * sizeof(txSlot);
	txCreation creation = {
		.initialChunkSize = (txSize)(shared / 3), .incrementalChunkSize = 512,
		.initialHeapCount = (txSize)(shared / 3 / sizeof(txSlot)), .incrementalHeapCount = 64,
		.stackCount = (txSize)options->stack_slots, .initialKeyCount = 64, .incrementalKeyCount = 64,
		.nameModulo = NAME_MODULO, .symbolModulo = SYMBOL_MODULO,
		.parserBufferSize = 1024, .parserTableModulo = 127,
	};
	txMachine *the;

	new_arena(bounds, options->heap_bytes);
	the = fxCloneMachine(&creation, root, "board", bounds);
	if (!the) fatal("the heap of %zu bytes is too small to start", options->heap_bytes);
	the->context = NULL;
	paint_stack(the);
	return the;
}

txMachine *engine_boot(Image *image, const EngineOptions *options)
{
	root_machine = build_root(image, options);
	machine = clone_root(root_machine, options);
	gxStress = options->stress ? 1 : 0;
	return machine;
}

static void main_rejected(txMachine *the)
{
	mxException = *mxArgv(0);
	fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
}

static void main_fulfilled(txMachine *the)
{
	(void)the;
}

void engine_run_main(txMachine *the, const char *module)
{
	fxBeginHost(the);
	{
		mxTry(the) {
			txSlot *realm = mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm;
			mxPushStringC((txString)module);
			fxRunImport(the, realm, XS_NO_ID);
			mxDub();
			fxGetID(the, mxID(_then));
			mxCall();
			fxNewHostFunction(the, main_fulfilled, 1, XS_NO_ID, XS_NO_ID);
			fxNewHostFunction(the, main_rejected, 1, XS_NO_ID, XS_NO_ID);
			mxRunCount(2);
			mxPop();
		}
		mxCatch(the) {
			fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
		}
	}
	fxEndHost(the);
	engine_run_jobs(the);
}

/* ---- measuring ---- */

#ifdef mxMetering
uint32_t engine_meter(const txMachine *the)
{
	return the->meterIndex;
}
#endif

/*
 * The free part of the stack is painted when the machine starts; what was never pushed still has the paint. The
 * engine borrows the far end for numbers and regular expressions, so the search starts at the near one.
 */
enum { PAINT = 0xa5, UNTOUCHED_RUN = 8 };

static void paint_stack(txMachine *the)
{
	memset(the->stackBottom, PAINT, (size_t)(the->stack - the->stackBottom) * sizeof(txSlot));
}

static bool is_painted(const txSlot *slot)
{
	const uint8_t *bytes = (const uint8_t *)slot;

	for (size_t index = 0; index < sizeof *slot; index++) {
		if (bytes[index] != PAINT) return false;
	}
	return true;
}

static uint32_t stack_peak(const txMachine *the)
{
	const txSlot *lowest = the->stackTop;
	int untouched = 0;

	for (const txSlot *slot = the->stackTop - 1; slot >= the->stackBottom && untouched < UNTOUCHED_RUN; slot--) {
		untouched = is_painted(slot) ? untouched + 1 : 0;
		if (!untouched) lowest = slot;
	}
	return (uint32_t)((size_t)(the->stackTop - lowest) * sizeof(txSlot));
}

void engine_report(txMachine *the, EngineReport *report)
{
	memset(report, 0, sizeof *report);
	fxCollect(the, XS_COMPACT_FLAG);
	fxCollect(the, XS_COMPACT_FLAG);
	report->slot_bytes = sizeof(txSlot);
	report->slots = (uint32_t)((size_t)the->currentHeapCount * sizeof(txSlot));
	report->chunks = (uint32_t)the->currentChunksSize;
	report->stack_peak = stack_peak(the);
	report->stack_size = (uint32_t)((size_t)(the->stackTop - the->stackBottom) * sizeof(txSlot));
	report->tables = (uint32_t)(sizeof(txSlot *) * ((size_t)(the->keyCount - the->keyOffset) + NAME_MODULO + SYMBOL_MODULO + the->aliasCount));
	report->aliases = the->aliasCount - 1u;
	report->keys = (uint32_t)(the->keyIndex - the->keyOffset);
	report->frozen_slots = (uint32_t)((size_t)root_machine->currentHeapCount * sizeof(txSlot));
	report->arena = the->arena;
	report->heap_size = (uint32_t)((uint8_t *)the->stackTop - the->arena);
}

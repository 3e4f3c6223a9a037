/*
 * Makes the machine that holds the built-ins and the preloaded modules fit to be cloned: frozen where the
 * Moddable SDK's linker freezes, so that what preloads here preloads on a board, and with nothing in it that
 * the clone's collector could take for its own.
 *
 * Frozen: built-ins, functions, classes with their prototypes and private statics, constants, and every object
 * that was passed to Object.freeze. A plain object, array or `let` of a preloaded module gets an alias id: the
 * clone copies it when it first writes to it (and pays for the copy). Identifier 0 means "no alias", so alias
 * ids start at 1.
 */
#include "xsAll.h"

#include "fatal.h"
#include "port.h"

void engine_freeze(txMachine *root, bool report);

typedef void (*SlotVisitor)(txMachine *the, txSlot *slot, void *context);

static void visit_heap(txMachine *the, SlotVisitor visitor, void *context)
{
	for (txSlot *heap = the->firstHeap; heap; heap = heap->next) {
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++) {
			if (!(slot->flag & XS_MARK_FLAG)) visitor(the, slot, context);
		}
	}
}

static bool is_array(const txSlot *slot)
{
	return slot->kind == XS_ARRAY_KIND || slot->kind == XS_ARGUMENTS_SLOPPY_KIND || slot->kind == XS_ARGUMENTS_STRICT_KIND;
}

static txIndex array_items(const txSlot *array)
{
	txIndex items;

	if (!array->value.array.address) return 0;
	items = fxGetIndexSize(NULL, (txSlot *)array);
	return items < array->value.array.length ? items : array->value.array.length;
}

static bool is_function(const txSlot *slot)
{
	return slot->kind == XS_CODE_KIND || slot->kind == XS_CODE_X_KIND || slot->kind == XS_CALLBACK_KIND || slot->kind == XS_CALLBACK_X_KIND;
}

/* ---- what is frozen ---- */

static void freeze_properties(txSlot *instance)
{
	for (txSlot *property = instance->next; property; property = property->next) {
		if (property->kind != XS_ACCESSOR_KIND) property->flag |= XS_DONT_SET_FLAG;
		property->flag |= XS_DONT_DELETE_FLAG;
	}
	instance->flag |= XS_DONT_PATCH_FLAG;
}

static void freeze_function(txSlot *instance)
{
	freeze_properties(instance);
	for (txSlot *property = instance->next->next; property; property = property->next) {
		if (property->ID == mxID(_prototype) && property->kind == XS_REFERENCE_KIND) freeze_properties(property->value.reference);
	}
}

/* Kinds that cannot be copied on write are frozen: their content is a chunk, a table or code. */
static void freeze_kind(txMachine *the, txSlot *instance, void *context)
{
	txSlot *first = instance->next;

	(void)the;
	(void)context;
	if (instance->kind != XS_INSTANCE_KIND || !first || !(first->flag & XS_INTERNAL_FLAG)) return;
	if (first->ID == XS_ENVIRONMENT_BEHAVIOR) freeze_properties(instance);
	else if (is_function(first)) freeze_function(instance);
	else switch (first->kind) {
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_SET_KIND:
		fatal("a preloaded module holds a WeakMap or WeakSet");
	case XS_MAP_KIND:
	case XS_SET_KIND:
	case XS_WEAK_REF_KIND:
	case XS_ARRAY_BUFFER_KIND:
	case XS_DATA_VIEW_KIND:
	case XS_TYPED_ARRAY_KIND:
	case XS_PROXY_KIND:
	case XS_REGEXP_KIND:
		freeze_properties(instance);
		break;
	case XS_CLOSURE_KIND:
		if (first->value.closure->kind == XS_FINALIZATION_REGISTRY_KIND) freeze_properties(instance);
		break;
	case XS_PROMISE_KIND:
		freeze_properties(instance);
		freeze_properties(first->next->value.reference);
		break;
	default:
		break;
	}
}

static void freeze_intrinsic(txMachine *the, txSlot *value)
{
	txSlot *prototype;

	if (value->kind != XS_REFERENCE_KIND) return;
	mxPush(mxObjectConstructor);
	mxPush(mxObjectConstructor);
	fxGetID(the, mxID(_freeze));
	mxCall();
	mxPushSlot(value);
	mxRunCount(1);
	mxPop();
	if (!mxIsFunction(value->value.reference)) return;
	prototype = mxBehaviorGetProperty(the, value->value.reference, mxID(_prototype), 0, XS_OWN);
	if (prototype) freeze_intrinsic(the, prototype);
}

static void freeze_intrinsics(txMachine *the)
{
	for (int index = mxInstanceInspectorsStackIndex + 1; index < mxEmptyCodeStackIndex; index++) {
		freeze_intrinsic(the, &the->stackTop[-1 - index]);
	}
	mxPush(mxArrayPrototype);
	fxGetID(the, mxID(_Symbol_unscopables));
	freeze_intrinsic(the, the->stack);
	mxPop();
}

/* ---- which objects are frozen through and through, and which get an alias id ---- */

static bool property_is_frozen(const txSlot *property)
{
	return (property->kind == XS_ACCESSOR_KIND || (property->flag & XS_DONT_SET_FLAG)) && (property->flag & XS_DONT_DELETE_FLAG);
}

static bool instance_is_frozen(const txSlot *instance)
{
	if (!(instance->flag & XS_DONT_PATCH_FLAG)) return false;
	for (const txSlot *property = instance->next; property; property = property->next) {
		if (is_array(property)) {
			for (txIndex item = 0; item < array_items(property); item++) {
				if (!property_is_frozen(property->value.array.address + item)) return false;
			}
		}
		else if (!(property->flag & XS_INTERNAL_FLAG) && !property_is_frozen(property)) return false;
	}
	return true;
}

/* The inside of a frozen object: the engine honours the flag on these kinds. */
static void freeze_inside(txSlot *instance)
{
	for (txSlot *property = instance->next; property && (property->flag & XS_INTERNAL_FLAG); property = property->next) {
		switch (property->kind) {
		case XS_ARRAY_BUFFER_KIND:
		case XS_DATE_KIND:
		case XS_MAP_KIND:
		case XS_SET_KIND:
			property->flag |= XS_DONT_SET_FLAG;
			break;
		case XS_PRIVATE_KIND:
			for (txSlot *field = property->value.private.first; field; field = field->next) {
				if (field->kind != XS_ACCESSOR_KIND) field->flag |= XS_DONT_SET_FLAG;
				field->flag |= XS_DONT_DELETE_FLAG;
			}
			break;
		default:
			break;
		}
	}
}

static txID next_alias(txID *aliases)
{
	if (*aliases >= 0x7fff) fatal("the preloaded modules hold too many objects that are not frozen");
	return (*aliases)++;
}

static void name_instance(txMachine *the, txSlot *slot, void *context)
{
	(void)the;
	if (slot->kind != XS_INSTANCE_KIND) return;
	slot->flag |= XS_DONT_MARSHALL_FLAG;
	if (instance_is_frozen(slot)) {
		slot->ID = XS_NO_ID;
		freeze_inside(slot);
	}
	else slot->ID = next_alias(context);
}

static void name_closure(txMachine *the, txSlot *slot, void *context)
{
	txSlot *variable;

	(void)the;
	if (slot->kind != XS_CLOSURE_KIND || !(variable = slot->value.closure)) return;
	if (variable->kind == XS_REFERENCE_KIND && variable->value.reference->next && is_function(variable->value.reference->next)) {
		variable->flag |= XS_DONT_SET_FLAG;
	}
	if (variable->flag & XS_DONT_SET_FLAG) {
		variable->ID = XS_NO_ID;
		variable->flag |= XS_DONT_DELETE_FLAG;
	}
	else {
		if (variable->ID == XS_NO_ID) variable->ID = next_alias(context);
		slot->flag &= ~XS_DONT_SET_FLAG;
	}
}

/* Says which variables and objects of preloaded modules a program could still change, by copy. */
static void report_changeable(txMachine *the, txSlot *slot, void *context)
{
	const char *what = NULL;
	txString name = NULL;
	char line[160];

	(void)context;
	if (slot->kind == XS_CLOSURE_KIND && slot->value.closure && slot->value.closure->ID != XS_NO_ID) what = "variable";
	else if (slot->kind == XS_REFERENCE_KIND && slot->value.reference->ID != XS_NO_ID) what = "object";
	else if (slot->kind == XS_CLOSURE_KIND && slot->value.closure && slot->value.closure->kind == XS_REFERENCE_KIND &&
		slot->value.closure->value.reference->ID != XS_NO_ID) what = "object";
	if (!what) return;
	if (slot->ID != XS_NO_ID && !(slot->flag & XS_INTERNAL_FLAG)) name = fxGetKeyName(the, slot->ID);
	snprintf(line, sizeof line, "not frozen: %s %s", what, name ? name : "?");
	port_log(line);
}

/* ---- kinds that say "not in your heap" ---- */

static void make_foreign(txMachine *the, txSlot *slot, void *context)
{
	(void)the;
	(void)context;
	switch (slot->kind) {
	case XS_STRING_KIND: slot->kind = XS_STRING_X_KIND; break;
	case XS_KEY_KIND: slot->kind = XS_KEY_X_KIND; break;
	case XS_BIGINT_KIND: slot->kind = XS_BIGINT_X_KIND; break;
	case XS_CODE_KIND: slot->kind = XS_CODE_X_KIND; break;
	case XS_CALLBACK_KIND: slot->kind = XS_CALLBACK_X_KIND; break;
	case XS_REGEXP_KIND: slot->value.regexp.data = NULL; break;  /* each match then has its own */
	case XS_ARRAY_KIND:
	case XS_ARGUMENTS_SLOPPY_KIND:
	case XS_ARGUMENTS_STRICT_KIND:
		for (txIndex item = 0; item < array_items(slot); item++) make_foreign(the, slot->value.array.address + item, NULL);
		break;
	default: break;
	}
}

static void mark(txMachine *the, txSlot *slot, void *context)
{
	(void)the;
	(void)context;
	slot->flag |= XS_MARK_FLAG;
}

/* ---- the whole ---- */

/* Not for a board: memory outside the heap, and waiting for other threads, of which there are none. */
static bool is_unwanted(txID id)
{
	return id == mxID(_global) || id == mxID(_globalThis) || id == mxID(_SharedArrayBuffer) || id == mxID(_Atomics);
}

/* The clone has its own global object, whose prototype this one becomes: an ordinary object without shortcuts. */
static void simplify_global(txMachine *the)
{
	txSlot *global = mxGlobal.value.reference, **link = &global->next;

	if (global->next && global->next->kind == XS_GLOBAL_KIND) {
		global->next = global->next->next;
		global->flag &= ~XS_EXOTIC_FLAG;
	}
	while (*link) {
		if (is_unwanted((*link)->ID)) *link = (*link)->next;
		else link = &(*link)->next;
	}
	global->value.instance.prototype = NULL;
}

/* Where fxCloneMachine looks: the module list in mxProgram, the lexical variables in mxException. */
static void detach_realm(txMachine *the)
{
	txSlot *realm = mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm;
	txSlot *modules = mxOwnModules(realm)->value.reference;

	for (txSlot *module = modules->next; module; module = module->next) mxModuleInternal(module)->value.module.realm = NULL;
	mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm = NULL;
	mxException.kind = XS_REFERENCE_KIND;
	mxException.value.reference = mxRealmClosures(realm)->value.reference;
	mxProgram.value.reference = modules;
	mxHosts = mxUndefined;
	mxModuleQueue = mxUndefined;
	mxUnhandledPromises = mxUndefined;
	mxDuringJobs = mxUndefined;
	mxFinalizationRegistries = mxUndefined;
	mxPendingJobs = mxUndefined;
	mxRunningJobs = mxUndefined;
	mxBreakpoints = mxUndefined;
	mxHostInspectors = mxUndefined;
	mxInstanceInspectors = mxUndefined;
}

static void freeze_built_ins(txMachine *the)
{
	fxBeginHost(the);
	{
		mxTry(the) {
			freeze_intrinsics(the);
		}
		mxCatch(the) {
			fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
		}
	}
	fxEndHost(the);
}

void engine_freeze(txMachine *root, bool report)
{
	txMachine *the = root;
	txID aliases = 1;

	simplify_global(the);
	freeze_built_ins(the);
	detach_realm(the);
	freeze_properties(mxProgram.value.reference);
	fxCollect(the, XS_COMPACT_FLAG);

	for (txSlot *slot = the->freeHeap; slot; slot = slot->next) slot->flag |= XS_MARK_FLAG;
	visit_heap(the, freeze_kind, NULL);
	visit_heap(the, name_instance, &aliases);
	visit_heap(the, name_closure, &aliases);
	if (report) visit_heap(the, report_changeable, NULL);
	visit_heap(the, make_foreign, NULL);
	for (txSlot *slot = the->stack; slot < the->stackTop; slot++) make_foreign(the, slot, NULL);
	visit_heap(the, mark, NULL);
	the->aliasCount = aliases;
	the->shared = 1;
}

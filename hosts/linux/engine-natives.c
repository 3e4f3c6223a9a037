/*
 * Functions made by native(). While modules are preloaded each one carries a callback that refuses; when the
 * machine has been cloned engine_arm_natives puts the real ones in.
 */
#include "xsAll.h"

#include "fatal.h"

void engine_new_native(txMachine *the, txCallback callback);
txID engine_prototype_id(void);
void engine_arm_natives(void);

typedef struct {
	txSlot *slot;  /* the function's callback */
	txCallback callback;
} PendingNative;

enum { PENDING_MAX = 2048 };
static PendingNative pending[PENDING_MAX];
static unsigned pending_count;
static bool armed;

static void refuse(txMachine *the)
{
	mxTypeError("a native function was called while modules are preloaded");
}

txID engine_prototype_id(void)
{
	return mxID(_prototype);
}

void engine_new_native(txMachine *the, txCallback callback)
{
	txSlot *function = fxNewHostFunction(the, armed ? callback : refuse, 0, XS_NO_ID, XS_NO_ID);

	mxPullSlot(mxResult);
	if (armed) return;
	if (pending_count == PENDING_MAX) fatal("too many natives in preloaded modules");
	pending[pending_count++] = (PendingNative){ function->next, callback };
}

/* Backwards: where the collector reused a slot, the last entry is the one that holds. */
void engine_arm_natives(void)
{
	while (pending_count > 0) {
		PendingNative *native = &pending[--pending_count];
		bool callback = native->slot->kind == XS_CALLBACK_KIND || native->slot->kind == XS_CALLBACK_X_KIND;
		if (callback && native->slot->value.callback.address == refuse) native->slot->value.callback.address = native->callback;
	}
	armed = true;
}

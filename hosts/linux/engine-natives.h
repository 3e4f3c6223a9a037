/* Host functions made by name; see engine-globals.c. Written against the engine's insides, used against xs.h. */
#ifndef LATCHKEY_ENGINE_NATIVES_H
#define LATCHKEY_ENGINE_NATIVES_H

/* Leaves a function for callback in xsResult. */
void engine_new_native(xsMachine *the, xsCallback callback);
xsIdentifier engine_prototype_id(void);

#endif

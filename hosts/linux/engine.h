/*
 * The engine's machine as this host runs it: a first machine holds the built-ins and the preloaded modules,
 * frozen; the firmware runs in a second one, cloned from it, inside one arena of fixed size. Chunks grow up in
 * the arena, slots and the stack lie at its top; nothing of the clone's heap lies outside, and when the arena
 * is full the board aborts with its own code.
 */
#ifndef LATCHKEY_ENGINE_H
#define LATCHKEY_ENGINE_H

#include "image.h"
#include "xs.h"

typedef struct {
	size_t heap_bytes;  /* the arena: slots, chunks and stack */
	uint32_t stack_slots;
	bool stress;  /* collect at every allocation */
	bool plain;  /* no preloading: every module runs in the arena (to measure what preloading saves) */
	bool report;  /* say what preloaded modules hold that is not frozen */
} EngineOptions;

typedef struct {
	uint32_t slot_bytes;  /* of one slot */
	uint32_t slots;  /* in use after a full collection, bytes */
	uint32_t chunks;  /* in use after a full collection, bytes */
	uint32_t stack_peak;  /* bytes */
	uint32_t stack_size;  /* bytes */
	uint32_t tables;  /* bytes of key, name, symbol and alias tables, outside the arena */
	uint32_t aliases;  /* frozen objects and variables that could still be changed by copy */
	uint32_t keys;  /* names made since the boot: they are never given back */
	uint32_t frozen_slots;  /* bytes of the frozen part, which is flash on a board */
	uint32_t heap_size;  /* the arena, bytes */
	const void *arena;
} EngineReport;

/* Builds the frozen part from the image and clones the machine that runs. Does not return on failure. */
xsMachine *engine_boot(Image *image, const EngineOptions *options);
/* Imports a module and runs it; what it rejects with is fatal. */
void engine_run_main(xsMachine *the, const char *module);
/* Runs promise jobs until there are none, then treats a promise rejected without a handler as fatal. */
void engine_run_jobs(xsMachine *the);
/* Collects, then measures: bytes of the arena that neither slots, chunks nor the stack need. */
uint32_t engine_free_bytes(xsMachine *the);
/* The least since the machine was made, as seen there and at the end of each turn in which the engine collected. */
uint32_t engine_least_free_bytes(void);
/* Collects, then measures. */
void engine_report(xsMachine *the, EngineReport *report);

#ifdef mxMetering
/* Byte codes run so far, modulo 2^32. */
uint32_t engine_meter(const xsMachine *the);
#endif

/* The running machine, or NULL: for callbacks of C that carry no machine. */
xsMachine *engine_machine(void);

/* ---- between the engine's own files ---- */

/* engine-modules.c: turns the image's code into the machine's identifiers. */
void engine_link_image(xsMachine *root, Image *image);
/* engine-globals.c */
void engine_install_globals(xsMachine *root);
void engine_arm_natives(void);
/* engine-freeze.c: freezes what a machine holds and makes it fit to be cloned. */
void engine_freeze(xsMachine *root, bool report);
/* engine-ids.c (generated with mc.xs.h) */
extern const char *const host_id_names[];
extern xsIdentifier host_ids[];
extern const unsigned host_id_count;

#endif

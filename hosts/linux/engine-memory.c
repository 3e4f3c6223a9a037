/*
 * Memory for the engine. A machine without an arena (the one that builds the frozen part) grows by malloc. The
 * running machine has one arena: chunks grow from its bottom, slots and the stack from its top, and where they
 * would meet is the end of memory.
 */
#include "xsAll.h"

static void *carve_slots(txMachine *the, size_t bytes)
{
	if ((size_t)(the->arena_slots - the->arena_chunks) < bytes) return NULL;
	the->arena_slots -= bytes;
	return the->arena_slots;
}

void *fxAllocateChunks(txMachine *the, txSize size)
{
	txBlock *block = the->firstBlock;
	size_t bytes = (size_t)size;

	if (!the->arena) {
		void *context = the->context;
		uint8_t **bounds = context;
		if (!bounds) return malloc(bytes);
		the->arena = the->arena_chunks = bounds[0];
		the->arena_slots = bounds[1];
	}
	if (block) {
		/* The block is extended in place; only what it lacks is taken, and the engine then adds `size` itself. */
		size_t unused = (size_t)(block->limit - block->current);
		size_t lacking = bytes - sizeof(txBlock) > unused ? bytes - sizeof(txBlock) - unused : 0;
		lacking = (lacking + sizeof(txSlot) - 1) & ~(sizeof(txSlot) - 1);
		if ((size_t)(the->arena_slots - the->arena_chunks) < lacking) return NULL;
		the->arena_chunks += lacking;
		the->maximumChunksSize += (txSize)lacking - size;
		block->limit = (txByte *)the->arena_chunks - size;
		return block->limit;
	}
	if ((size_t)(the->arena_slots - the->arena_chunks) < bytes) return NULL;
	the->arena_chunks += bytes;
	return the->arena;
}

txSlot *fxAllocateSlots(txMachine *the, txSize count)
{
	size_t bytes = (size_t)count * sizeof(txSlot);
	void *slots;

	if (!the->arena) return malloc(bytes);
	slots = carve_slots(the, bytes);
	if (!slots && the->firstBlock) {
		/* Chunks that the collector can compact away may leave room at the border. */
		txBlock *block = the->firstBlock;
		size_t trimmed;
		fxCollect(the, XS_COMPACT_FLAG | XS_ORGANIC_FLAG);
		trimmed = (size_t)(block->limit - block->current);
		the->maximumChunksSize -= (txSize)trimmed;
		block->limit = block->current;
		the->arena_chunks = (uint8_t *)block->current;
		slots = carve_slots(the, bytes);
	}
	return slots;
}

void fxFreeChunks(txMachine *the, void *chunks)
{
	if (!the->arena) free(chunks);
}

void fxFreeSlots(txMachine *the, void *slots)
{
	if (!the->arena) free(slots);
}

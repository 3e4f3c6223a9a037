/*
 * Memory for the engine: each machine has one arena, in which chunks grow from the bottom, slots and the stack from
 * the top, and where they would meet is the end of memory. fxAllocate asks for chunks first; the machine's context
 * then holds the arena's bounds.
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
		uint8_t **bounds = the->context;
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

/* Machines live as long as the process. */
void fxFreeChunks(txMachine *the, void *chunks)
{
	(void)the;
	(void)chunks;
}

void fxFreeSlots(txMachine *the, void *slots)
{
	(void)the;
	(void)slots;
}

/*
 * What XS asks a platform for, for the Linux host: its own fields in the machine record, and which of the
 * engine's defaults to keep. Both the engine's sources and ours are compiled with XSPLATFORM naming this file.
 *
 * Identifiers are 16 bits wide on 64-bit hosts too (no mx32bitID), so that one firmware image serves every
 * build, and slots carry what they carry on a board.
 */
#ifndef LATCHKEY_ENGINE_PLATFORM_H
#define LATCHKEY_ENGINE_PLATFORM_H

#undef mxLinux
#define mxLinux 1

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1

#define mxUseDefaultBuildKeys 1
/* No debugger is ever connected; the debug build only keeps lines. */
#define mxUseDefaultDebug 1
#define mxUseDefaultSharedChunks 1

/* Strings hold what a board's strings hold: surrogate pairs as two three-byte sequences. */
#define mxCESU8 1

/* The arena's start, and where its free part starts and ends (engine-memory.c); the rest is for Atomics.wait. */
#define mxMachinePlatform \
	uint8_t *arena; \
	uint8_t *arena_chunks; \
	uint8_t *arena_slots; \
	bool promise_jobs; \
	void *waiterCondition; \
	void *waiterData; \
	void *waiterLink;

#endif

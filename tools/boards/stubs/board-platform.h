/*
 * What the engine's headers ask a platform for, as an ESP32's own has it (SDK 8.2, xs/platforms/esp/xsHost.h includes the same): for
 * cross-compile.ts, which compiles and never links.
 */
#ifndef LATCHKEY_STUB_BOARD_PLATFORM_H
#define LATCHKEY_STUB_BOARD_PLATFORM_H

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define mxMachinePlatform \
	uint8_t *heap; \
	uint8_t *heap_ptr; \
	uint8_t *heap_pend;

#endif

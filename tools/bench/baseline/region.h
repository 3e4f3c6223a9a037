/* The counted region of a baseline, as the board's (tools/bench/board/region.c). */
#include <valgrind/callgrind.h>
#define REGION_TOGGLE() do { CALLGRIND_TOGGLE_COLLECT; } while (0)

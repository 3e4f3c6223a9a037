/* What a target expects beyond "no crash": a broken expectation ends the process, and libFuzzer keeps the input. */
#ifndef LATCHKEY_FUZZ_EXPECT_H
#define LATCHKEY_FUZZ_EXPECT_H

#include <stdio.h>
#include <stdlib.h>

#define EXPECT(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))

_Noreturn static inline void fuzz_broken(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: expected %s\n", file, line, condition);
	abort();
}

#endif

/* A target's input, taken off the front piece by piece; past its end everything is zero or empty. */
#ifndef LATCHKEY_FUZZ_INPUT_H
#define LATCHKEY_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	const uint8_t *data;
	size_t bytes;
} Input;

static inline uint8_t input_byte(Input *input)
{
	uint8_t byte = input->bytes > 0 ? *input->data : 0;

	if (input->bytes > 0) {
		input->data++;
		input->bytes--;
	}
	return byte;
}

static inline uint32_t input_number(Input *input, unsigned bytes)
{
	uint32_t number = 0;

	while (bytes-- > 0) number = number << 8 | input_byte(input);
	return number;
}

/* A piece of at most `wanted` bytes, in place. */
static inline Input input_piece(Input *input, size_t wanted)
{
	Input piece = { input->data, wanted < input->bytes ? wanted : input->bytes };

	input->data += piece.bytes;
	input->bytes -= piece.bytes;
	return piece;
}

/* A copy in memory of exactly its size, so that a sanitizer sees a read past the end; the caller frees it. */
static inline uint8_t *input_copy(Input piece)
{
	uint8_t *copy = malloc(piece.bytes > 0 ? piece.bytes : 1);

	if (!copy) abort();
	if (piece.bytes > 0) memcpy(copy, piece.data, piece.bytes);
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t maximum);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t maximum, unsigned int seed);

#endif

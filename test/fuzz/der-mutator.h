/*
 * Changes one element somewhere inside nested DER and writes the lengths around it anew, so that what is deep inside is
 * reached. Bit and octet strings that hold DER are entered too. Plain bytes would mostly break a length.
 */
#ifndef LATCHKEY_FUZZ_DER_MUTATOR_H
#define LATCHKEY_FUZZ_DER_MUTATOR_H

#include "der.h"
#include "input.h"

enum { MUTATED_MAX = 16384, MUTATOR_DEPTH_MAX = 12 };

typedef struct {
	unsigned seed;
	size_t target, count;  /* the element that is changed; elements passed so far */
} DerMutation;

static inline unsigned der_mutator_random(DerMutation *mutation, unsigned below)
{
	mutation->seed = mutation->seed * 1664525u + 1013904223u;
	return below == 0 ? 0 : (mutation->seed >> 8) % below;
}

static inline bool der_mutator_is_nested(uint8_t tag, Slice content, size_t *skip)
{
	Slice rest = content, inner;
	uint8_t found;

	*skip = 0;
	if (tag & 0x20) return true;
	if (tag == DER_BIT_STRING && content.bytes > 1 && content.data[0] == 0) *skip = 1;
	else if (tag != DER_OCTET_STRING) return false;
	rest = (Slice){ content.data + *skip, content.bytes - *skip };
	return rest.bytes > 2 && der_next(&rest, &found, &inner, NULL) && rest.bytes == 0 && (found & 0x1f) != 0;
}

static inline size_t der_mutator_count(Slice from, int depth)
{
	size_t count = 0, skip;
	Slice content;
	uint8_t tag;

	while (from.bytes > 0 && der_next(&from, &tag, &content, NULL)) {
		count++;
		if (depth < MUTATOR_DEPTH_MAX && der_mutator_is_nested(tag, content, &skip)) {
			count += der_mutator_count((Slice){ content.data + skip, content.bytes - skip }, depth + 1);
		}
	}
	return count;
}

static inline size_t der_mutator_write(uint8_t *out, uint8_t tag, const uint8_t *content, size_t bytes)
{
	size_t at = 0;

	out[at++] = tag;
	if (bytes < 0x80) out[at++] = (uint8_t)bytes;
	else if (bytes < 0x100) {
		out[at++] = 0x81;
		out[at++] = (uint8_t)bytes;
	}
	else {
		out[at++] = 0x82;
		out[at++] = (uint8_t)(bytes >> 8);
		out[at++] = (uint8_t)bytes;
	}
	memmove(out + at, content, bytes);
	return at + bytes;
}

/* Writes `from` to out, changed at the target; room for MUTATED_MAX at every level. */
static inline size_t der_mutator_copy(Slice from, uint8_t *out, DerMutation *mutation, int depth)
{
	size_t written = 0;

	while (from.bytes > 0) {
		Slice content, whole;
		uint8_t tag, *inner;
		size_t skip, bytes;
		bool chosen;
		if (!der_next(&from, &tag, &content, &whole)) {
			if (written + from.bytes < MUTATED_MAX) {
				memcpy(out + written, from.data, from.bytes);
				written += from.bytes;
			}
			return written;
		}
		chosen = mutation->count++ == mutation->target;
		inner = malloc(MUTATED_MAX + 8);
		if (depth < MUTATOR_DEPTH_MAX && der_mutator_is_nested(tag, content, &skip)) {
			memcpy(inner, content.data, skip);
			bytes = skip + der_mutator_copy((Slice){ content.data + skip, content.bytes - skip }, inner + skip, mutation, depth + 1);
		}
		else {
			bytes = content.bytes < MUTATED_MAX ? content.bytes : MUTATED_MAX;
			memcpy(inner, content.data, bytes);
		}
		if (chosen) {
			unsigned kind = der_mutator_random(mutation, 10);
			if (kind == 0) bytes = (size_t)-1;  /* left out */
			else if (kind == 1) tag = (uint8_t)(tag ^ (1u << der_mutator_random(mutation, 8)));
			else if (kind == 2 && written + whole.bytes < MUTATED_MAX) {
				memcpy(out + written, whole.data, whole.bytes);  /* twice */
				written += whole.bytes;
			}
			else bytes = LLVMFuzzerMutate(inner, bytes, bytes + 16 < MUTATED_MAX ? bytes + 16 : MUTATED_MAX);
		}
		if (bytes != (size_t)-1 && written + bytes + 4 < MUTATED_MAX) written += der_mutator_write(out + written, tag, inner, bytes);
		free(inner);
	}
	return written;
}

/* Changes the DER in data; returns its new size, at most maximum. */
static inline size_t der_mutate(uint8_t *data, size_t bytes, size_t maximum, unsigned seed)
{
	DerMutation mutation = { .seed = seed };
	size_t count = der_mutator_count((Slice){ data, bytes }, 0), made;
	uint8_t *out;

	if (count == 0 || bytes > MUTATED_MAX / 2 || der_mutator_random(&mutation, 8) == 0) return LLVMFuzzerMutate(data, bytes, maximum);
	mutation.target = der_mutator_random(&mutation, (unsigned)count);
	out = malloc(MUTATED_MAX + 8);
	made = der_mutator_copy((Slice){ data, bytes }, out, &mutation, 0);
	if (made > maximum) made = maximum;
	memcpy(data, out, made);
	free(out);
	return made;
}

#endif

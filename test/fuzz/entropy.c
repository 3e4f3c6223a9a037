/*
 * entropy.c at one boot after the other: with any stored seed nothing draws before the seed is replaced, and the next
 * boot never starts from a seed that this one has used.
 */
#ifndef FUZZED
#define FUZZED "../../hosts/bindings/entropy.c"  /* planted.ts puts another in its place */
#endif
#include FUZZED

#include "expect.h"
#include "fake-port.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	Input input = { data, bytes };
	Input stored = { 0 };
	uint8_t how = input_byte(&input), drawn[16] = { 0 };
	bool writes_fail = how & 1, entropy_fails = how & 2;
	size_t kept_bytes = 0;
	const uint8_t *kept;

	fake_port_reset();
	fake_port_break(writes_fail, entropy_fails);
	stored = input_piece(&input, 300);
	if (!(how & 4)) fake_port_store(SEED_DOMAIN, SEED_NAME, (PortRecordStatus)((how >> 3) % 6), stored.data, stored.bytes);
	state = ENTROPY_OFF;
	EXPECT(lk_random(drawn, sizeof drawn) == (!writes_fail && !entropy_fails));
	EXPECT(lk_entropy_ready() == (!writes_fail && !entropy_fails));
	kept = fake_port_stored(SEED_DOMAIN, SEED_NAME, &kept_bytes);
	if (!writes_fail && !entropy_fails) {
		EXPECT(kept && kept_bytes == SEED_BYTES);
		EXPECT(stored.bytes != SEED_BYTES || memcmp(kept, stored.data, SEED_BYTES) != 0);
	}
	else {
		static const uint8_t zero[16];
		EXPECT(memcmp(drawn, zero, sizeof zero) == 0);
		/* What fails may work later. */
		fake_port_break(false, false);
		EXPECT(lk_random(drawn, sizeof drawn));
	}
	return 0;
}

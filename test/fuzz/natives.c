/*
 * Every native of crypto.c, aead.c, x25519.c, keys.c, secrets.c and drive.c with any arguments, in any order, on the engine's
 * stand-in (engine/xsmc.h). Input: native, count of arguments, then for each a byte: 0 to 159 the fitting kind, sized by it;
 * above that whatever the byte says.
 *
 * A native returns, throws, or says a fault that device-error.ts knows; handles never outlive their object.
 */
#include <math.h>

#include "expect.h"
#include "fake-port.h"
#include "input.h"
#include "keys.h"
#include "secrets.h"

enum { SLOTS = 6, CALLS_MAX = 40 };

void xs_lk_secret_destructor(void *data);
void xs_lk_hash_destructor(void *data);

/* o output buffer, b bytes, n number, t text, s secret's handle, h hash's handle */
#define NATIVES(each) \
	each(xs_lk_random, "o") each(xs_lk_equal, "bb") each(xs_lk_sha256, "ob") each(xs_lk_hash_open, "hn") each(xs_lk_hash_update, "hb") \
	each(xs_lk_hash_digest, "ho") each(xs_lk_hash_close, "h") each(xs_lk_hmac, "onsb") each(xs_lk_derive, "ssbbn") \
	each(xs_lk_chain_from, "sb") each(xs_lk_chain, "sssss") each(xs_lk_mix_secret, "obs") each(xs_lk_verify_p256, "bbb") \
	each(xs_lk_seal, "onsbbb") each(xs_lk_open, "onsbbb") each(xs_lk_seal_counter, "osnbb") each(xs_lk_open_counter, "osnbb") \
	each(xs_lk_seal_secret_counter, "osnbs") each(xs_lk_pair_generate, "so") each(xs_lk_pair_agree, "ssb") \
	each(xs_lk_secret_close, "s") each(xs_lk_secret_length, "s") \
	each(xs_lk_key_generate, "tnn") each(xs_lk_key_kind, "t") each(xs_lk_key_public, "to") each(xs_lk_key_sign, "tbo") \
	each(xs_lk_key_open_pair, "tso") each(xs_lk_key_open_secret, "ts") each(xs_lk_key_delete, "t") \
	each(xs_lk_drive_open, "nnn") each(xs_lk_drive_energise, "nn") each(xs_lk_drive_cut, "n")

#define DECLARE(name, hint) void name(xsMachine *the);
NATIVES(DECLARE)
#define ROW(name, hint) { name, hint },
static const struct {
	FakeNative native;
	const char *hint;
} natives[] = { NATIVES(ROW) };

static const char *const faults[] = { "memory/exhausted", "entropy/unavailable", "crypto/failed", "key/absent", "key/corrupt", "key/kind",
	"key/storage", "record/newer-format", "pin/invalid" };
static const size_t sizes[] = { 32, 16, 12, 65, 64, 48, 0, 1, 20, 36, 300, 80 };
static const double numbers[] = { 1, 2, 0, 3, 16, 32, 31, 64, 5, 10000, 9007199254740991.0, 0.5, -1, 4294967296.0, 9007199254740992.0, 1e300 };
static const char *const texts[] = { "k", "device", "K.9_-", "", "0123456789abcdef", "a/b", "..", "\xc0\x80" };

static xsSlot secrets[SLOTS], hashes[SLOTS];

static xsSlot bytes_of(uint8_t choice)
{
	uint8_t filling[512];

	memset(filling, choice, sizeof filling);
	return fake_bytes(filling, sizes[choice % (sizeof sizes / sizeof *sizes)]);
}

static xsSlot fitting(char hint, uint8_t choice)
{
	switch (hint) {
	case 'n': return fake_number(numbers[choice % 16]);
	case 't': return fake_text(texts[choice % 8]);
	case 's': return secrets[choice % SLOTS];
	case 'h': return hashes[choice % SLOTS];
	default: return bytes_of(choice);
	}
}

static xsSlot hostile(uint8_t choice)
{
	xsSlot slot;

	switch (choice % 12) {
	case 0: return (xsSlot){ 0 };
	case 1: return (xsSlot){ .type = xsNullType };
	case 2: return (xsSlot){ .type = xsBooleanType, .number = 1 };
	case 3: return fake_number(NAN);
	case 4: return fake_number(INFINITY);
	case 5: return fake_number(-0.0);
	case 6: return fake_text("text where none is due, and a long one");
	case 7: return secrets[choice % SLOTS];
	case 8: return hashes[choice % SLOTS];
	case 9:
		slot = bytes_of(choice);
		slot.object->read_only = true;
		return slot;
	case 10: return fake_function(NULL, NULL);
	default: return fake_host(NULL);
	}
}

static bool is_kept(const xsSlot *slot)
{
	for (int index = 0; index < SLOTS; index++) {
		if (slot->object == secrets[index].object || slot->object == hashes[index].object) return true;
	}
	return false;
}

static void check_result(const xsSlot *result)
{
	bool known = result->type != xsStringType;

	for (size_t index = 0; index < sizeof faults / sizeof *faults && !known; index++) known = strcmp(result->text, faults[index]) == 0;
	EXPECT(known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static xsMachine machine;
	Input input = { data, bytes };

	fake_port_reset();
	for (int index = 0; index < SLOTS; index++) {
		secrets[index] = fake_host((void *)xs_lk_secret_destructor);
		hashes[index] = fake_host((void *)xs_lk_hash_destructor);
	}
	for (int calls = 0; input.bytes > 0 && calls < CALLS_MAX; calls++) {
		unsigned which = input_byte(&input) % (sizeof natives / sizeof *natives);
		size_t wanted = strlen(natives[which].hint), count = wanted;
		uint8_t more = input_byte(&input);
		if (more > 200) count = more % 7;
		for (size_t index = 0; index < count; index++) {
			uint8_t choice = input_byte(&input);
			machine.arguments[index] = choice < 160 && index < wanted ? fitting(natives[which].hint[index], choice) : hostile(choice);
		}
		machine.argument_count = (int)count;
		fake_port_break(more == 7, false);
		if (fake_run(&machine, natives[which].native)) check_result(&machine.result);
		for (size_t index = 0; index < count; index++) {
			if (machine.arguments[index].type == xsReferenceType && !is_kept(&machine.arguments[index])) fake_free(&machine.arguments[index]);
		}
	}
	for (int index = 0; index < SLOTS; index++) {
		fake_free(&secrets[index]);
		fake_free(&hashes[index]);
	}
	/* Every secret was given back: as many as the table holds can be made, and one more cannot. */
	if (bytes % 16 == 0) {
		xsSlot chain = fake_bytes(NULL, 32), handles[LK_SECRETS_MAX + 1];
		for (int index = 0; index <= LK_SECRETS_MAX; index++) {
			machine.arguments[0] = handles[index] = fake_host((void *)xs_lk_secret_destructor);
			machine.arguments[1] = chain;
			machine.argument_count = 2;
			EXPECT(fake_run(&machine, xs_lk_chain_from) && (machine.result.type == xsStringType) == (index == LK_SECRETS_MAX));
		}
		for (int index = 0; index <= LK_SECRETS_MAX; index++) fake_free(&handles[index]);
		fake_free(&chain);
	}
	return 0;
}

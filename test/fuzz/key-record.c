/*
 * keys.c: whatever lies in the flash, a key is read or a fault is said, nothing of a refused record stays behind, and a
 * record that is read is the one encoding of its key.
 */
#include "keys.h"

#include "expect.h"
#include "fake-port.h"
#include "input.h"

static const char *const faults[] = { "key/absent", "key/corrupt", "key/storage", "record/newer-format" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const PortRecordStatus statuses[] = { PORT_RECORD_OK, PORT_RECORD_OK, PORT_RECORD_OK, PORT_RECORD_OK, PORT_RECORD_OK,
		PORT_RECORD_CORRUPT, PORT_RECORD_TOO_LARGE, PORT_RECORD_IO };
	Input input = { data, bytes };
	PortRecordStatus status = statuses[input_byte(&input) % 8];
	Input stored = input_piece(&input, 400);
	const char *fault;
	LkKey key;

	fake_port_reset();
	fake_port_store(PORT_DOMAIN_KEYS, "k", status, stored.data, stored.bytes);
	fault = lk_key_read("k", &key);
	if (!fault) {
		uint8_t again[3 + sizeof key.private_part + sizeof key.public_part] = { 1, (uint8_t)key.kind, key.private_bytes };
		EXPECT(status == PORT_RECORD_OK && key.private_bytes <= sizeof key.private_part && key.public_bytes <= sizeof key.public_part);
		memcpy(again + 3, key.private_part, key.private_bytes);
		memcpy(again + 3 + key.private_bytes, key.public_part, key.public_bytes);
		EXPECT(stored.bytes == 3u + key.private_bytes + key.public_bytes && memcmp(again, stored.data, stored.bytes) == 0);
		EXPECT(key.kind == LK_KEY_P256 || key.kind == LK_KEY_X25519 || key.kind == LK_KEY_SECRET);
		EXPECT(key.public_bytes == (key.kind == LK_KEY_P256 ? 65 : key.kind == LK_KEY_X25519 ? 32 : 0));
	}
	else {
		LkKey empty;
		bool known = false;
		memset(&empty, 0, sizeof empty);
		for (size_t index = 0; index < sizeof faults / sizeof *faults; index++) known = known || strcmp(fault, faults[index]) == 0;
		EXPECT(known && memcmp(&key, &empty, sizeof key) == 0);
		EXPECT(status != PORT_RECORD_OK || stored.bytes == 0 || stored.data[0] <= 1 || strcmp(fault, "record/newer-format") == 0);
	}
	EXPECT(strcmp(lk_key_read("other", &key), "key/absent") == 0);
	return 0;
}

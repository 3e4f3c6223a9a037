/* The stored keys as tls.c needs them. What is loaded holds a private key: the caller wipes it. */
#ifndef LATCHKEY_KEYS_H
#define LATCHKEY_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "psa.h"

typedef enum { LK_KEY_P256 = 1, LK_KEY_X25519 = 2, LK_KEY_SECRET = 3 } LkKeyKind;

typedef struct {
	LkKeyKind kind;
	uint8_t private_bytes;
	uint8_t public_bytes;
	uint8_t private_part[32];
	uint8_t public_part[LK_P256_PUBLIC];
} LkKey;

enum { LK_KEY_NAME_SIZE = 16 };

/* NULL when the key was read, else a DeviceErrorCode (key/absent, key/corrupt, key/storage, record/newer-format). */
const char *lk_key_read(const char *name, LkKey *key);

#endif

/*
 * Secrets by handle (I1). The bytes live in one table here; JavaScript holds host objects whose data is a slot
 * number with a generation tag, never an address. An entry is wiped when its handle is closed or collected.
 */
#ifndef LATCHKEY_SECRETS_H
#define LATCHKEY_SECRETS_H

#include "check.h"

/* LIMITS.secretHandles and .secretBytes (test/bindings compares them). */
enum { LK_SECRETS_MAX = 96, LK_SECRET_BYTES_MAX = 64 };

typedef enum {
	LK_SECRET_FREE = 0,
	LK_SECRET_BYTES,  /* a symmetric key, a chaining key, a psk, a Diffie-Hellman output */
	LK_SECRET_X25519,  /* a private key */
} LkSecretKind;

typedef struct {
	uint32_t generation;
	uint8_t kind;
	uint8_t bytes;
	uint8_t value[LK_SECRET_BYTES_MAX];
} LkSecret;

/* The secret behind argument `index`; throws when it is none of that kind or closed. */
LkSecret *lk_secret(xsMachine *the, int index, LkSecretKind kind);
/* Whether argument `index` is a handle object; never throws. */
bool lk_is_secret(xsMachine *the, int index);
/* Gives the empty handle at argument `index` an entry of `bytes` zero bytes. NULL, with the fault in xsResult, when
 * the table is full of live secrets. May collect garbage: take no pointer into a buffer before it. */
LkSecret *lk_secret_create(xsMachine *the, int index, LkSecretKind kind, size_t bytes);
/* Undoes lk_secret_create. */
void lk_secret_discard(xsMachine *the, int index);

#endif

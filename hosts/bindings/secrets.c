#include "secrets.h"

#include <string.h>

static LkSecret secrets[LK_SECRETS_MAX];

void xs_lk_secret_destructor(void *data);
void xs_lk_secret_close(xsMachine *the);
void xs_lk_secret_length(xsMachine *the);

/* ---- handles: generation << 8 | slot + 1, never 0 ---- */

enum { GENERATIONS = 1 << 23 };

static void *handle_of(const LkSecret *secret)
{
	return (void *)((uintptr_t)secret->generation << 8 | (uintptr_t)(secret - secrets + 1));
}

static LkSecret *entry_of(const void *handle)
{
	uintptr_t value = (uintptr_t)handle;
	uintptr_t slot = (value & 255) - 1;

	if (value == 0 || slot >= LK_SECRETS_MAX) return NULL;
	if (secrets[slot].kind == LK_SECRET_FREE || handle_of(&secrets[slot]) != handle) return NULL;
	return &secrets[slot];
}

static void release(const void *handle)
{
	LkSecret *secret = entry_of(handle);

	if (!secret) return;
	lk_wipe(secret->value, sizeof secret->value);
	secret->kind = LK_SECRET_FREE;
	secret->bytes = 0;
}

static LkSecret *take(LkSecretKind kind, size_t bytes)
{
	for (LkSecret *secret = secrets; secret < secrets + LK_SECRETS_MAX; secret++) {
		if (secret->kind != LK_SECRET_FREE) continue;
		secret->generation = (secret->generation + 1) % GENERATIONS;
		secret->kind = (uint8_t)kind;
		secret->bytes = (uint8_t)bytes;
		return secret;
	}
	return NULL;
}

/* ---- natives ---- */

void xs_lk_secret_destructor(void *data)
{
	release(data);
}

/* (handle). Idempotent. */
void xs_lk_secret_close(xsMachine *the)
{
	lk_secret_discard(the, 0);
}

/* (handle) -> bytes */
void xs_lk_secret_length(xsMachine *the)
{
	xsmcSetInteger(xsResult, lk_secret(the, 0, LK_SECRET_BYTES)->bytes);
}

/* ---- for the other bindings ---- */

bool lk_is_secret(xsMachine *the, int index)
{
	return lk_given(the, index) && !lk_is_bytes(the, index);
}

LkSecret *lk_secret(xsMachine *the, int index, LkSecretKind kind)
{
	LkSecret *secret = entry_of(xsmcGetHostDataValidate(xsArg(index), (void *)xs_lk_secret_destructor));

	if (!secret) xsTypeError("argument %d: secret is closed", index);
	if (secret->kind != kind) xsTypeError("argument %d: secret of another kind", index);
	return secret;
}

LkSecret *lk_secret_create(xsMachine *the, int index, LkSecretKind kind, size_t bytes)
{
	LkSecret *secret;

	if (xsmcGetHostDataValidate(xsArg(index), (void *)xs_lk_secret_destructor)) xsTypeError("argument %d: handle in use", index);
	if (bytes == 0 || bytes > LK_SECRET_BYTES_MAX) xsRangeError("argument %d: wrong length of a secret", index);
	secret = take(kind, bytes);
	if (!secret) {
		/* Handles that nobody holds any more keep their entries until they are collected. */
		xsCollectGarbage();
		secret = take(kind, bytes);
	}
	if (!secret) {
		lk_fault(the, "memory/exhausted");
		return NULL;
	}
	xsmcSetHostData(xsArg(index), handle_of(secret));
	return secret;
}

void lk_secret_discard(xsMachine *the, int index)
{
	release(xsmcGetHostDataValidate(xsArg(index), (void *)xs_lk_secret_destructor));
	xsmcSetHostData(xsArg(index), NULL);
}

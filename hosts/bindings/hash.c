/* Hashes that take their bytes in parts, for PsaHash of crypto.ts. One that is forgotten is wiped when the engine collects it. */
#include "hash.h"

#include <stdlib.h>

enum { BYTES_MAX = 1 << 24 };

void xs_lk_hash_destructor(void *data);
void xs_lk_hash_open(xsMachine *the);
void xs_lk_hash_update(xsMachine *the);
void xs_lk_hash_digest(xsMachine *the);
void xs_lk_hash_close(xsMachine *the);

psa_algorithm_t lk_hash_algorithm(xsMachine *the, int index)
{
	return lk_number(the, index, 1, 2) == 1 ? PSA_ALG_SHA_256 : PSA_ALG_SHA_512;
}

typedef struct {
	psa_algorithm_t algorithm;
	psa_hash_operation_t operation;
} Hash;

/* LIMITS.hashHandles */
enum { HASHES_MAX = 16 };
static unsigned hashes_open;

static void hash_free(Hash *hash)
{
	if (!hash) return;
	psa_hash_abort(&hash->operation);
	lk_wipe(hash, sizeof *hash);
	free(hash);
	hashes_open--;
}

void xs_lk_hash_destructor(void *data)
{
	hash_free(data);
}

static Hash *hash_of(xsMachine *the, int index)
{
	Hash *hash = xsmcGetHostDataValidate(xsArg(index), (void *)xs_lk_hash_destructor);

	if (!hash) xsTypeError("hash is closed");
	return hash;
}

psa_hash_operation_t *lk_hash_argument(xsMachine *the, int index)
{
	return &hash_of(the, index)->operation;
}

/* (handle, algorithm) */
void xs_lk_hash_open(xsMachine *the)
{
	psa_algorithm_t algorithm = lk_hash_algorithm(the, 1);
	Hash *hash;

	if (xsmcGetHostDataValidate(xsArg(0), (void *)xs_lk_hash_destructor)) xsTypeError("hash is open");
	if (hashes_open >= HASHES_MAX) xsCollectGarbage();
	hash = hashes_open < HASHES_MAX ? calloc(1, sizeof *hash) : NULL;
	if (!hash) {
		lk_fault(the, "memory/exhausted");
		return;
	}
	hashes_open++;
	hash->algorithm = algorithm;
	hash->operation = psa_hash_operation_init();
	if (lk_psa_done(the, psa_hash_setup(&hash->operation, algorithm))) xsmcSetHostData(xsArg(0), hash);
	else hash_free(hash);
}

/* (handle, data) */
void xs_lk_hash_update(xsMachine *the)
{
	Hash *hash = hash_of(the, 0);
	LkSpan data = lk_bytes(the, 1, 0, BYTES_MAX);

	lk_psa_done(the, psa_hash_update(&hash->operation, data.data, data.bytes));
}

/* (handle, out): ends the hash */
void xs_lk_hash_digest(xsMachine *the)
{
	size_t bytes;
	Hash *hash = hash_of(the, 0);
	size_t length = PSA_HASH_LENGTH(hash->algorithm);
	psa_status_t status = psa_hash_finish(&hash->operation, lk_output(the, 1, length), length, &bytes);

	xsmcSetHostData(xsArg(0), NULL);
	hash_free(hash);
	lk_psa_done(the, status);
}

/* (handle). Idempotent. */
void xs_lk_hash_close(xsMachine *the)
{
	hash_free(xsmcGetHostDataValidate(xsArg(0), (void *)xs_lk_hash_destructor));
	xsmcSetHostData(xsArg(0), NULL);
}

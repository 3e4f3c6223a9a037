/* Hashes as arguments of natives. */
#ifndef LATCHKEY_HASH_H
#define LATCHKEY_HASH_H

#include "psa.h"

/* 1: SHA-256, 2: SHA-512 */
psa_algorithm_t lk_hash_algorithm(xsMachine *the, int index);
/* Of a PsaHash (crypto.ts) that is open. Valid until the engine allocates. */
psa_hash_operation_t *lk_hash_argument(xsMachine *the, int index);

#endif

/* Judges one path whose names chain and whose signatures verify. The order of the checks is docs/TLS.md 3. */
#ifndef LATCHKEY_CHAIN_JUDGE_H
#define LATCHKEY_CHAIN_JUDGE_H

#include "chain.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096 };

/* P-256, P-384, or RSA of 2048 to 4096 bits. */
bool chain_key_is_strong(const Certificate *certificate);
/* path: the leaf first, a root last, at least two. */
TlsReason chain_judge(const Certificate *const path[], size_t length, const char *server, ChainTime time, ChainValidity *validity);
TlsReason chain_judge_leaf(const Certificate *leaf, const char *server, ChainTime time);

#endif

/*
 * One X.509 certificate as RFC 5280 4.1 writes it, read strictly. It decides nothing: chain.c does. Slices point
 * into the caller's DER, which must outlive the Certificate.
 */
#ifndef LATCHKEY_CERTIFICATE_H
#define LATCHKEY_CERTIFICATE_H

#include "der.h"

typedef enum { KEY_OUTSIDE, KEY_RSA, KEY_P256, KEY_P384 } KeyType;
/* SIGNED_OUTSIDE: with less than SHA-256, or with an algorithm that is not in the profile. */
typedef enum { SIGNED_OUTSIDE, SIGNED_RSA, SIGNED_RSA_PSS, SIGNED_ECDSA } SignatureType;

enum { USAGE_DIGITAL_SIGNATURE = 0x80, USAGE_CERTIFICATE_SIGN = 0x04 };
enum { NO_PATH_LENGTH = -1 };

typedef struct {
	Slice whole;
	Slice tbs;  /* what is signed */
	Slice issuer, subject;  /* content of the Name */
	Slice key_info;  /* the whole SubjectPublicKeyInfo, which a pin is the digest of */
	Slice key;  /* content of subjectPublicKey */
	Slice signature;
	int64_t not_before, not_after;
	KeyType key_type;
	unsigned key_bits;  /* of an RSA key */
	SignatureType signed_with;
	unsigned signed_hash_bits;  /* 256, 384 or 512 */
	uint8_t version;  /* 1, 2 or 3 */
	bool is_ca;
	int path_length;
	bool has_usage;
	uint8_t usage;
	bool has_purposes, purpose_server, purpose_any;
	bool has_names, names_critical;
	Slice names;  /* content of GeneralNames */
	Slice key_id, issuer_key_id;  /* hints for finding an issuer, empty where there is none; they decide nothing */
	bool name_constraints;
	bool critical_policy;
	bool critical_unknown;
} Certificate;

/* False when it is malformed. */
bool certificate_decode(Slice der, Certificate *certificate);
/* certificate-extensions.c: the content of Extensions. */
bool certificate_decode_extensions(Slice extensions, Certificate *certificate);
/* certificate-algorithms.c */
void certificate_decode_signature_algorithm(Slice algorithm, Certificate *certificate);
bool certificate_decode_key(Slice key_info, Certificate *certificate);

#endif

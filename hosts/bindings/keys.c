/*
 * The device's persistent keys for keys.ts: made here, kept in records of the domain "keys", used by importing a
 * volatile copy into PSA for one operation. A private part never enters the JavaScript heap (I1); every copy is wiped.
 *
 * Record, format 1: byte(1) || byte(kind) || byte(n) || private part (n bytes) || public part (65, 32 or 0 bytes).
 */
#include "keys.h"

#include <string.h>

#include "check.h"
#include "entropy.h"
#include "port.h"
#include "secrets.h"

enum { FORMAT = 1, HEADER_BYTES = 3, RECORD_MAX = HEADER_BYTES + 32 + LK_P256_PUBLIC };
static const char DOMAIN[] = PORT_DOMAIN_KEYS;

void xs_lk_key_generate(xsMachine *the);
void xs_lk_key_kind(xsMachine *the);
void xs_lk_key_public(xsMachine *the);
void xs_lk_key_sign(xsMachine *the);
void xs_lk_key_open_pair(xsMachine *the);
void xs_lk_key_open_secret(xsMachine *the);
void xs_lk_key_delete(xsMachine *the);

/* ---- records ---- */

static size_t public_bytes_of(unsigned kind)
{
	return kind == LK_KEY_P256 ? LK_P256_PUBLIC : kind == LK_KEY_X25519 ? LK_X25519_BYTES : 0;
}

static bool decode(const uint8_t *record, size_t bytes, LkKey *key)
{
	size_t private_bytes, public_bytes;

	if (bytes < HEADER_BYTES || record[1] < LK_KEY_P256 || record[1] > LK_KEY_SECRET) return false;
	private_bytes = record[2];
	public_bytes = public_bytes_of(record[1]);
	if (record[1] == LK_KEY_SECRET ? private_bytes < 16 || private_bytes > 32 : private_bytes != 32) return false;
	if (bytes != HEADER_BYTES + private_bytes + public_bytes) return false;
	key->kind = (LkKeyKind)record[1];
	key->private_bytes = (uint8_t)private_bytes;
	key->public_bytes = (uint8_t)public_bytes;
	memcpy(key->private_part, record + HEADER_BYTES, private_bytes);
	memcpy(key->public_part, record + HEADER_BYTES + private_bytes, public_bytes);
	return true;
}

const char *lk_key_read(const char *name, LkKey *key)
{
	uint8_t record[RECORD_MAX];
	size_t bytes = 0;
	const char *fault = NULL;

	memset(key, 0, sizeof *key);
	switch (port_record_read(DOMAIN, name, record, sizeof record, &bytes)) {
	case PORT_RECORD_OK:
		if (bytes > 0 && record[0] > FORMAT) fault = "record/newer-format";
		else if (bytes == 0 || record[0] != FORMAT || !decode(record, bytes, key)) fault = "key/corrupt";
		break;
	case PORT_RECORD_ABSENT:
		fault = "key/absent";
		break;
	case PORT_RECORD_TOO_LARGE:  /* longer than any key of this format */
		fault = "record/newer-format";
		break;
	case PORT_RECORD_CORRUPT:
		fault = "key/corrupt";
		break;
	default:
		fault = "key/storage";
	}
	lk_wipe(record, sizeof record);
	return fault;
}

static const char *write_key(const char *name, const LkKey *key)
{
	uint8_t record[RECORD_MAX] = { FORMAT, (uint8_t)key->kind, key->private_bytes };
	size_t bytes = HEADER_BYTES + (size_t)key->private_bytes + key->public_bytes;
	PortRecordStatus status;

	memcpy(record + HEADER_BYTES, key->private_part, key->private_bytes);
	memcpy(record + HEADER_BYTES + key->private_bytes, key->public_part, key->public_bytes);
	status = port_record_write(DOMAIN, name, record, bytes);
	lk_wipe(record, sizeof record);
	return status == PORT_RECORD_OK ? NULL : "key/storage";
}

/* ---- arguments ---- */

static void name_argument(xsMachine *the, int index, char name[LK_KEY_NAME_SIZE])
{
	lk_text(the, index, name, LK_KEY_NAME_SIZE);
	if (strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-") != strlen(name)) {
		xsRangeError("not the name of a key");
	}
}

/* False, with the fault in xsResult, when there is no such key of that kind. */
static bool read_kind(xsMachine *the, const char *name, LkKeyKind kind, LkKey *key)
{
	const char *fault = lk_key_read(name, key);

	if (!fault && key->kind != kind) fault = "key/kind";
	if (!fault) return true;
	lk_wipe(key, sizeof *key);
	lk_fault(the, fault);
	return false;
}

/* ---- natives ---- */

/* (name, kind, secretBytes) */
void xs_lk_key_generate(xsMachine *the)
{
	char name[LK_KEY_NAME_SIZE];
	LkKey key = { 0 };
	psa_status_t status;

	name_argument(the, 0, name);
	key.kind = (LkKeyKind)lk_number(the, 1, LK_KEY_P256, LK_KEY_SECRET);
	key.private_bytes = (uint8_t)(key.kind == LK_KEY_SECRET ? lk_number(the, 2, 16, 32) : 32);
	key.public_bytes = (uint8_t)public_bytes_of(key.kind);
	if (!lk_psa_ready(the)) return;
	if (key.kind == LK_KEY_P256) status = lk_psa_generate(LK_TYPE_P256, 256, key.private_part, 32, key.public_part, LK_P256_PUBLIC);
	else if (key.kind == LK_KEY_X25519) status = lk_psa_generate(LK_TYPE_X25519, 255, key.private_part, 32, key.public_part, LK_X25519_BYTES);
	else status = lk_random(key.private_part, key.private_bytes) ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
	if (lk_psa_done(the, status)) {
		const char *fault = write_key(name, &key);
		if (fault) lk_fault(the, fault);
	}
	lk_wipe(&key, sizeof key);
}

/* (name) -> 0 when absent, else the kind */
void xs_lk_key_kind(xsMachine *the)
{
	char name[LK_KEY_NAME_SIZE];
	LkKey key;
	const char *fault;

	name_argument(the, 0, name);
	fault = lk_key_read(name, &key);
	if (!fault) xsmcSetInteger(xsResult, (xsIntegerValue)key.kind);
	else if (strcmp(fault, "key/absent") == 0) xsmcSetInteger(xsResult, 0);
	else lk_fault(the, fault);
	lk_wipe(&key, sizeof key);
}

/* (name, out of 65 bytes) -> how many of them are the key */
void xs_lk_key_public(xsMachine *the)
{
	char name[LK_KEY_NAME_SIZE];
	LkKey key;
	const char *fault;

	name_argument(the, 0, name);
	lk_output(the, 1, LK_P256_PUBLIC);
	fault = lk_key_read(name, &key);
	if (!fault && key.kind == LK_KEY_SECRET) fault = "key/kind";
	if (!fault) {
		memcpy(lk_output(the, 1, LK_P256_PUBLIC), key.public_part, key.public_bytes);
		xsmcSetInteger(xsResult, key.public_bytes);
	} else lk_fault(the, fault);
	lk_wipe(&key, sizeof key);
}

/* (name, message, out): deterministic ECDSA (RFC 6979) with SHA-256 */
void xs_lk_key_sign(xsMachine *the)
{
	const psa_algorithm_t algorithm = PSA_ALG_DETERMINISTIC_ECDSA(PSA_ALG_SHA_256);
	char name[LK_KEY_NAME_SIZE];
	LkSpan message = lk_bytes(the, 1, 0, 1 << 24);
	uint8_t *out = lk_output(the, 2, LK_P256_SIGNATURE);
	LkKey key;
	psa_key_id_t id;
	psa_status_t status;
	size_t bytes = 0;

	name_argument(the, 0, name);
	if (!lk_psa_ready(the) || !read_kind(the, name, LK_KEY_P256, &key)) return;
	status = lk_psa_import(LK_TYPE_P256, PSA_KEY_USAGE_SIGN_MESSAGE, algorithm, key.private_part, key.private_bytes, &id);
	lk_wipe(&key, sizeof key);
	if (status == PSA_SUCCESS) status = psa_sign_message(id, algorithm, message.data, message.bytes, out, LK_P256_SIGNATURE, &bytes);
	psa_destroy_key(id);
	lk_psa_done(the, status);
}

/* Loads a key's private part into the handle at argument 1. */
static bool open_handle(xsMachine *the, LkKeyKind kind, LkSecretKind as, LkKey *key)
{
	char name[LK_KEY_NAME_SIZE];
	LkSecret *secret;

	name_argument(the, 0, name);
	if (!read_kind(the, name, kind, key)) return false;
	secret = lk_secret_create(the, 1, as, key->private_bytes);
	if (secret) memcpy(secret->value, key->private_part, key->private_bytes);
	lk_wipe(key->private_part, sizeof key->private_part);
	return secret != NULL;
}

/* (name, pairHandle, outPublic) */
void xs_lk_key_open_pair(xsMachine *the)
{
	LkKey key;

	lk_output(the, 2, LK_X25519_BYTES);
	if (open_handle(the, LK_KEY_X25519, LK_SECRET_X25519, &key)) memcpy(lk_output(the, 2, LK_X25519_BYTES), key.public_part, LK_X25519_BYTES);
}

/* (name, handle) */
void xs_lk_key_open_secret(xsMachine *the)
{
	LkKey key;

	open_handle(the, LK_KEY_SECRET, LK_SECRET_BYTES, &key);
}

/* (name) */
void xs_lk_key_delete(xsMachine *the)
{
	char name[LK_KEY_NAME_SIZE];

	name_argument(the, 0, name);
	if (port_record_delete(DOMAIN, name) != PORT_RECORD_OK) lk_fault(the, "key/storage");
}

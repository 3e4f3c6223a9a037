#include "psa.h"

#include "entropy.h"

bool lk_psa_ready(xsMachine *the)
{
	if (lk_entropy_ready()) return true;
	lk_fault(the, "entropy/unavailable");
	return false;
}

bool lk_psa_done(xsMachine *the, psa_status_t status)
{
	if (status == PSA_SUCCESS) return true;
	if (status == PSA_ERROR_INSUFFICIENT_MEMORY) lk_fault(the, "memory/exhausted");
	else if (status == PSA_ERROR_INSUFFICIENT_ENTROPY) lk_fault(the, "entropy/unavailable");
	else lk_fault(the, "crypto/failed");
	return false;
}

psa_status_t lk_psa_import(psa_key_type_t type, psa_key_usage_t usage, psa_algorithm_t algorithm, const uint8_t *data, size_t bytes,
	psa_key_id_t *key)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

	*key = 0;
	psa_set_key_type(&attributes, type);
	psa_set_key_usage_flags(&attributes, usage);
	psa_set_key_algorithm(&attributes, algorithm);
	return psa_import_key(&attributes, data, bytes, key);
}

psa_status_t lk_psa_generate(psa_key_type_t type, size_t bits, uint8_t *private_part, size_t private_bytes, uint8_t *public_part,
	size_t public_bytes)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_key_id_t key = 0;
	psa_status_t status;
	size_t bytes = 0;

	psa_set_key_type(&attributes, type);
	psa_set_key_bits(&attributes, bits);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_EXPORT);
	status = psa_generate_key(&attributes, &key);
	if (status == PSA_SUCCESS) status = psa_export_key(key, private_part, private_bytes, &bytes);
	if (status == PSA_SUCCESS && bytes != private_bytes) status = PSA_ERROR_GENERIC_ERROR;
	if (status == PSA_SUCCESS && public_part) status = psa_export_public_key(key, public_part, public_bytes, &bytes);
	if (status == PSA_SUCCESS && public_part && bytes != public_bytes) status = PSA_ERROR_GENERIC_ERROR;
	psa_destroy_key(key);
	if (status != PSA_SUCCESS) lk_wipe(private_part, private_bytes);
	return status;
}

psa_status_t lk_psa_public(psa_key_type_t type, const uint8_t *private_part, size_t private_bytes, uint8_t *public_part,
	size_t public_bytes)
{
	psa_key_id_t key;
	size_t bytes = 0;
	psa_status_t status = lk_psa_import(type, 0, 0, private_part, private_bytes, &key);

	if (status == PSA_SUCCESS) status = psa_export_public_key(key, public_part, public_bytes, &bytes);
	if (status == PSA_SUCCESS && bytes != public_bytes) status = PSA_ERROR_GENERIC_ERROR;
	psa_destroy_key(key);
	return status;
}

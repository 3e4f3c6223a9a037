#include "certificate.h"

#include <string.h>

enum { SERIAL_BYTES_MAX = 20 };

/* RFC 5280 4.1.2.4: SEQUENCE OF SET (not empty) OF SEQUENCE { OID, value }. */
static bool name_is_well_formed(Slice name)
{
	while (name.bytes > 0) {
		Slice set, attribute, type, value;
		uint8_t tag;
		if (!der_take(&name, DER_SET, &set) || set.bytes == 0) return false;
		while (set.bytes > 0) {
			if (!der_take(&set, DER_SEQUENCE, &attribute) || !der_take(&attribute, DER_OID, &type) || type.bytes == 0) return false;
			if (!der_next(&attribute, &tag, &value, NULL) || attribute.bytes > 0) return false;
		}
	}
	return true;
}

static bool decode_version(Slice *tbs, Certificate *certificate)
{
	Slice wrapped, number;
	bool present;
	uint32_t value;

	if (!der_take_optional(tbs, DER_CONTEXT_CONSTRUCTED | 0, &wrapped, &present)) return false;
	certificate->version = 1;
	if (!present) return true;
	if (!der_take(&wrapped, DER_INTEGER, &number) || wrapped.bytes > 0 || !der_small_integer(number, &value)) return false;
	if (value != 1 && value != 2) return false;  /* v1 is the default and is not written; there is no v4 */
	certificate->version = (uint8_t)(value + 1);
	return true;
}

static bool decode_validity(Slice *tbs, Certificate *certificate)
{
	Slice validity, time;
	uint8_t tag;

	return der_take(tbs, DER_SEQUENCE, &validity) &&
		der_next(&validity, &tag, &time, NULL) && der_time(tag, time, &certificate->not_before) &&
		der_next(&validity, &tag, &time, NULL) && der_time(tag, time, &certificate->not_after) &&
		validity.bytes == 0;
}

static bool decode_tbs(Slice tbs, Slice outer_algorithm, Certificate *certificate)
{
	Slice serial, algorithm, key_info, wrapped, extensions;
	uint8_t tag;
	bool present;

	if (!decode_version(&tbs, certificate)) return false;
	if (!der_take(&tbs, DER_INTEGER, &serial) || !der_integer_is_canonical(serial)) return false;
	/* RFC 5280 4.1.2.2: positive, at most 20 bytes. */
	if (serial.bytes > SERIAL_BYTES_MAX || serial.data[0] >= 0x80 || (serial.bytes == 1 && serial.data[0] == 0)) return false;
	if (!der_next(&tbs, &tag, &algorithm, NULL) || tag != DER_SEQUENCE || !der_equal(algorithm, outer_algorithm)) return false;
	certificate_decode_signature_algorithm(algorithm, certificate);
	if (!der_take(&tbs, DER_SEQUENCE, &certificate->issuer) || certificate->issuer.bytes == 0) return false;
	if (!name_is_well_formed(certificate->issuer) || !decode_validity(&tbs, certificate)) return false;
	if (!der_take(&tbs, DER_SEQUENCE, &certificate->subject) || !name_is_well_formed(certificate->subject)) return false;
	if (!der_next(&tbs, &tag, &key_info, &certificate->key_info) || tag != DER_SEQUENCE) return false;
	if (!certificate_decode_key(key_info, certificate)) return false;
	/* RFC 5280 4.1.2.8: nobody issues unique ids, and the library reads them wrongly: they fall here. */
	if (!der_take_optional(&tbs, DER_CONTEXT_CONSTRUCTED | 3, &wrapped, &present) || tbs.bytes > 0) return false;
	if (!present) return true;
	if (certificate->version != 3 || !der_take(&wrapped, DER_SEQUENCE, &extensions) || wrapped.bytes > 0) return false;
	return certificate_decode_extensions(extensions, certificate);
}

bool certificate_decode(Slice der, Certificate *certificate)
{
	Slice rest = der, body, tbs, algorithm, signature;
	uint8_t tag;

	memset(certificate, 0, sizeof *certificate);
	certificate->whole = der;
	certificate->path_length = NO_PATH_LENGTH;
	if (!der_take(&rest, DER_SEQUENCE, &body) || rest.bytes > 0) return false;
	if (!der_next(&body, &tag, &tbs, &certificate->tbs) || tag != DER_SEQUENCE) return false;
	if (!der_take(&body, DER_SEQUENCE, &algorithm) || !der_take(&body, DER_BIT_STRING, &signature) || body.bytes > 0) return false;
	if (signature.bytes < 2 || signature.data[0] != 0) return false;
	certificate->signature = (Slice){ signature.data + 1, signature.bytes - 1 };
	if (!decode_tbs(tbs, algorithm, certificate)) return false;
	/* RFC 5280 4.1.2.6: who issues has a name; who has no name has critical alternative names. */
	return certificate->subject.bytes > 0 || (!certificate->is_ca && certificate->names_critical);
}

/* The extensions of RFC 5280 4.2 that the profile processes; the rest is noted when it is critical. */
#include <string.h>

#include "certificate.h"

enum { PATH_LENGTH_MAX = 1000, EXTENSIONS_MAX = 32 };

/* id-ce: 2.5.29.n */
typedef enum {
	EXT_SUBJECT_KEY_ID = 14, EXT_KEY_USAGE = 15, EXT_ALTERNATIVE_NAME = 17, EXT_BASIC_CONSTRAINTS = 19, EXT_NAME_CONSTRAINTS = 30,
	EXT_POLICIES = 32, EXT_POLICY_MAPPINGS = 33, EXT_AUTHORITY_KEY_ID = 35, EXT_POLICY_CONSTRAINTS = 36, EXT_PURPOSES = 37,
	EXT_INHIBIT_ANY_POLICY = 54, EXT_OTHER = 255,
} ExtensionId;

static ExtensionId id_of(Slice oid)
{
	if (oid.bytes != 3 || oid.data[0] != 0x55 || oid.data[1] != 0x1d || oid.data[2] >= 0x80) return EXT_OTHER;
	return (ExtensionId)oid.data[2];
}

/* A BOOLEAN whose default is false. Writing the default is not DER, but it is common and cannot be misread. */
static bool take_flag(Slice *from, bool *value)
{
	Slice content;
	bool present;

	*value = false;
	if (!der_take_optional(from, DER_BOOLEAN, &content, &present)) return false;
	if (!present) return true;
	if (content.bytes != 1 || (content.data[0] != 0 && content.data[0] != 0xff)) return false;
	*value = content.data[0] != 0;
	return true;
}

/* 4.2.1.9 */
static bool decode_basic_constraints(Slice value, Certificate *certificate)
{
	Slice fields, number;
	bool present;
	uint32_t length;

	if (!der_take(&value, DER_SEQUENCE, &fields) || value.bytes > 0 || !take_flag(&fields, &certificate->is_ca)) return false;
	if (!der_take_optional(&fields, DER_INTEGER, &number, &present) || fields.bytes > 0) return false;
	if (!present) return true;
	if (!certificate->is_ca || !der_small_integer(number, &length)) return false;
	certificate->path_length = length > PATH_LENGTH_MAX ? PATH_LENGTH_MAX : (int)length;
	return true;
}

/* 4.2.1.3: a named bit list. One without any bit permits nothing. */
static bool decode_key_usage(Slice value, Certificate *certificate)
{
	Slice bits;

	if (!der_take(&value, DER_BIT_STRING, &bits) || value.bytes > 0) return false;
	if (bits.bytes < 1 || bits.bytes > 3 || bits.data[0] > 7 || (bits.bytes == 1 && bits.data[0] != 0)) return false;
	if (bits.bytes > 1 && bits.data[bits.bytes - 1] & ((1u << bits.data[0]) - 1)) return false;
	certificate->has_usage = true;
	certificate->usage = bits.bytes > 1 ? bits.data[1] : 0;
	return true;
}

/* 4.2.1.12 */
static bool decode_purposes(Slice value, Certificate *certificate)
{
	static const uint8_t server[] = { 0x2b, 6, 1, 5, 5, 7, 3, 1 }, any[] = { 0x55, 0x1d, 0x25, 0 };
	Slice list, oid;

	if (!der_take(&value, DER_SEQUENCE, &list) || value.bytes > 0 || list.bytes == 0) return false;
	while (list.bytes > 0) {
		if (!der_take(&list, DER_OID, &oid) || oid.bytes == 0) return false;
		if (der_is(oid, server, sizeof server)) certificate->purpose_server = true;
		if (der_is(oid, any, sizeof any)) certificate->purpose_any = true;
	}
	certificate->has_purposes = true;
	return true;
}

/* 4.2.1.6: GeneralNames; which of them count is server-name.c's business. */
static bool decode_names(Slice value, Certificate *certificate)
{
	Slice list, name;
	uint8_t tag;

	if (!der_take(&value, DER_SEQUENCE, &certificate->names) || value.bytes > 0) return false;
	list = certificate->names;
	if (list.bytes == 0) return false;
	while (list.bytes > 0) {
		if (!der_next(&list, &tag, &name, NULL) || (tag & 0xc0) != DER_CONTEXT || (tag & 0x1f) > 8 || name.bytes == 0) return false;
		if (tag == (DER_CONTEXT | 7) && name.bytes != 4 && name.bytes != 16) return false;
	}
	certificate->has_names = true;
	return true;
}

/* 4.2.1.2; an identifier that is written in another way is none. */
static Slice subject_key_id(Slice value)
{
	Slice id;

	return der_take(&value, DER_OCTET_STRING, &id) && value.bytes == 0 ? id : (Slice){ NULL, 0 };
}

/* 4.2.1.1: the first of three optional fields. */
static Slice authority_key_id(Slice value)
{
	Slice fields, id;
	bool present;

	if (!der_take(&value, DER_SEQUENCE, &fields) || value.bytes > 0) return (Slice){ NULL, 0 };
	return der_take_optional(&fields, DER_CONTEXT | 0, &id, &present) && present ? id : (Slice){ NULL, 0 };
}

static bool decode_one(ExtensionId id, bool critical, Slice value, Certificate *certificate)
{
	switch (id) {
	case EXT_BASIC_CONSTRAINTS:
		return decode_basic_constraints(value, certificate);
	case EXT_KEY_USAGE:
		return decode_key_usage(value, certificate);
	case EXT_PURPOSES:
		return decode_purposes(value, certificate);
	case EXT_ALTERNATIVE_NAME:
		certificate->names_critical = critical;
		return decode_names(value, certificate);
	case EXT_NAME_CONSTRAINTS:
		certificate->name_constraints = true;
		return true;
	case EXT_POLICY_CONSTRAINTS:  /* RFC 5280 4.2.1.11 and 4.2.1.14: these two are always critical */
	case EXT_INHIBIT_ANY_POLICY:
		certificate->critical_policy = true;
		return true;
	case EXT_POLICIES:
	case EXT_POLICY_MAPPINGS:
		if (critical) certificate->critical_policy = true;
		return true;
	default:
		if (id == EXT_SUBJECT_KEY_ID) certificate->key_id = subject_key_id(value);
		if (id == EXT_AUTHORITY_KEY_ID) certificate->issuer_key_id = authority_key_id(value);
		if (critical) certificate->critical_unknown = true;
		return true;
	}
}

bool certificate_decode_extensions(Slice extensions, Certificate *certificate)
{
	Slice seen[EXTENSIONS_MAX];
	size_t count = 0;

	if (extensions.bytes == 0) return false;
	while (extensions.bytes > 0) {
		Slice extension, oid, value;
		bool critical;
		if (!der_take(&extensions, DER_SEQUENCE, &extension) || !der_take(&extension, DER_OID, &oid) || oid.bytes == 0) return false;
		if (!take_flag(&extension, &critical) || !der_take(&extension, DER_OCTET_STRING, &value) || extension.bytes > 0) return false;
		for (size_t index = 0; index < count; index++) {
			if (der_equal(seen[index], oid)) return false;  /* 4.2: not more than one of a kind */
		}
		if (count == EXTENSIONS_MAX) return false;
		seen[count++] = oid;
		if (!decode_one(id_of(oid), critical, value, certificate)) return false;
	}
	return true;
}

/*
 * certificate.c with its extensions and algorithms: what is accepted lies within the input, is accepted nowhere else
 * but at its exact length, and reads as Mbed TLS reads it where both accept it.
 */
#include "certificate.h"

#include <mbedtls/x509_crt.h>

#include "der-mutator.h"
#include "distinguished-name.h"
#include "expect.h"
#include "input.h"

static void check_within(Slice whole, Slice part)
{
	if (part.bytes == 0 && !part.data) return;
	EXPECT(part.data >= whole.data && part.data + part.bytes <= whole.data + whole.bytes);
}

/* Seconds since 1970 of a date that the library has checked. */
static int64_t seconds_of(const mbedtls_x509_time *time)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t year = time->year, days = (year - 1970) * 365 + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1970) days = (year - 1970) * 365 - (1972 - year) / 4;  /* 1950 to 1969 */
	days += before[time->mon - 1] + (leap && time->mon > 2) + time->day - 1;
	return days * 86400 + time->hour * 3600 + time->min * 60 + time->sec;
}

static void compare_with_library(const Certificate *certificate)
{
	mbedtls_x509_crt other;

	mbedtls_x509_crt_init(&other);
	if (mbedtls_x509_crt_parse_der(&other, certificate->whole.data, certificate->whole.bytes) == 0) {
		EXPECT(other.raw.len == certificate->whole.bytes);
		EXPECT(other.tbs.len == certificate->tbs.bytes);
		EXPECT(other.version == certificate->version);
		EXPECT(seconds_of(&other.valid_from) == certificate->not_before);
		EXPECT(seconds_of(&other.valid_to) == certificate->not_after);
		/* The library reports a pathLen plus one. Ours stops counting at a thousand. */
		EXPECT((other.ca_istrue != 0) == certificate->is_ca);
		if (certificate->path_length < 1000) EXPECT(other.max_pathlen == certificate->path_length + 1);
		EXPECT(other.sig.len == certificate->signature.bytes);
	}
	mbedtls_x509_crt_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = input_copy((Input){ data, bytes }), *longer;
	Slice whole = { copy, bytes };
	Certificate certificate, again;

	if (certificate_decode(whole, &certificate)) {
		EXPECT(der_equal(certificate.whole, whole));
		check_within(whole, certificate.tbs);
		check_within(certificate.tbs, certificate.issuer);
		check_within(certificate.tbs, certificate.subject);
		check_within(certificate.tbs, certificate.key);
		check_within(certificate.tbs, certificate.names);
		check_within(whole, certificate.signature);
		EXPECT(certificate.signature.bytes > 0 && certificate.issuer.bytes > 0);
		EXPECT(certificate.version >= 1 && certificate.version <= 3);
		EXPECT(certificate.path_length == NO_PATH_LENGTH || (certificate.is_ca && certificate.path_length >= 0));
		EXPECT(certificate.signed_with == SIGNED_OUTSIDE || certificate.signed_hash_bits >= 256);
		EXPECT(certificate.has_names == (certificate.names.bytes > 0));
		EXPECT(distinguished_names_equal(certificate.subject, certificate.subject));
		compare_with_library(&certificate);
		/* Not a byte less, not a byte more. */
		EXPECT(!certificate_decode((Slice){ copy, bytes - 1 }, &again));
		longer = malloc(bytes + 1);
		memcpy(longer, copy, bytes);
		longer[bytes] = 0;
		EXPECT(!certificate_decode((Slice){ longer, bytes + 1 }, &again));
		EXPECT(certificate_decode((Slice){ longer, bytes }, &again) && again.not_after == certificate.not_after);
		free(longer);
	}
	free(copy);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t maximum, unsigned int seed)
{
	return der_mutate(data, bytes, maximum, seed);
}

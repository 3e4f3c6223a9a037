#include "chain-judge.h"

#include "distinguished-name.h"
#include "server-name.h"

typedef bool (*Check)(const Certificate *certificate);

static bool any(Check check, const Certificate *const certificates[], size_t count)
{
	for (size_t index = 0; index < count; index++) {
		if (check(certificates[index])) return true;
	}
	return false;
}

/* ---- what may be wrong with a certificate ---- */

static bool is_of_old_version(const Certificate *certificate)
{
	return certificate->version != 3;
}

static bool has_critical_unknown(const Certificate *certificate)
{
	return certificate->critical_unknown;
}

static bool has_name_constraints(const Certificate *certificate)
{
	return certificate->name_constraints;
}

static bool has_critical_policy(const Certificate *certificate)
{
	return certificate->critical_policy;
}

static bool is_signed_weakly(const Certificate *certificate)
{
	return certificate->signed_with == SIGNED_OUTSIDE;
}

bool chain_key_is_strong(const Certificate *certificate)
{
	if (certificate->key_type == KEY_RSA) return certificate->key_bits >= RSA_BITS_MIN && certificate->key_bits <= RSA_BITS_MAX;
	return certificate->key_type != KEY_OUTSIDE;
}

static bool has_weak_key(const Certificate *certificate)
{
	return !chain_key_is_strong(certificate);
}

static bool is_no_ca(const Certificate *certificate)
{
	return !certificate->is_ca;
}

static bool may_not_issue(const Certificate *certificate)
{
	return certificate->has_usage && !(certificate->usage & USAGE_CERTIFICATE_SIGN);
}

/* An issuer that names purposes passes on no other. */
static bool issues_for_other_purposes(const Certificate *certificate)
{
	return certificate->has_purposes && !certificate->purpose_server && !certificate->purpose_any;
}

/* ---- the path ---- */

/* RFC 5280 4.2.1.9: intermediates below an issuer, the leaf and self-issued ones not counted. */
static bool path_is_too_long(const Certificate *const path[], size_t length)
{
	int below = 0;

	for (size_t index = 1; index < length; index++) {
		if (path[index]->path_length != NO_PATH_LENGTH && below > path[index]->path_length) return true;
		if (!distinguished_names_equal(path[index]->subject, path[index]->issuer)) below++;
	}
	return false;
}

static TlsReason judge_time(const Certificate *const path[], size_t length, ChainTime time)
{
	for (size_t index = 0; index < length; index++) {
		if (time.unix_seconds > path[index]->not_after) return REASON_EXPIRED;
	}
	for (size_t index = 0; index < length && !time.is_floor; index++) {
		if (time.unix_seconds < path[index]->not_before) return REASON_NOT_YET_VALID;
	}
	return REASON_NONE;
}

/* ECDHE suites need a key that signs (RFC 5246 7.4.2, RFC 8422 2.2); only a CA signs certificates (RFC 5280 4.2.1.3). */
static bool leaf_usage_is_wrong(const Certificate *leaf)
{
	return leaf->has_usage && (!(leaf->usage & USAGE_DIGITAL_SIGNATURE) || (leaf->usage & USAGE_CERTIFICATE_SIGN));
}

static TlsReason judge_names(const Certificate *leaf, const char *server)
{
	if (!leaf->has_names) return REASON_NAME_MISSING;
	return server_name_matches(leaf->names, server) ? REASON_NONE : REASON_NAME_MISMATCH;
}

TlsReason chain_judge_leaf(const Certificate *leaf, const char *server, ChainTime time)
{
	TlsReason reason;

	if (leaf->is_ca) return REASON_LEAF_IS_CA;
	if (leaf_usage_is_wrong(leaf)) return REASON_KEY_USAGE;
	if (!leaf->purpose_server) return REASON_PURPOSE;
	reason = judge_names(leaf, server);
	return reason != REASON_NONE ? reason : judge_time(&leaf, 1, time);
}

TlsReason chain_judge(const Certificate *const path[], size_t length, const char *server, ChainTime time, ChainValidity *validity)
{
	const Certificate *leaf = path[0];
	const Certificate *const *issuers = path + 1;
	size_t issuer_count = length - 1;
	TlsReason reason;

	if (any(is_of_old_version, path, length)) return REASON_CERTIFICATE_VERSION;
	if (any(has_critical_unknown, path, length)) return REASON_CRITICAL_EXTENSION;
	if (any(has_name_constraints, path, length)) return REASON_NAME_CONSTRAINTS;
	if (any(has_critical_policy, path, length)) return REASON_POLICY;
	if (any(is_signed_weakly, path, length - 1)) return REASON_WEAK_SIGNATURE;  /* a root's own signature proves nothing */
	if (any(has_weak_key, path, length)) return REASON_WEAK_KEY;
	if (any(is_no_ca, issuers, issuer_count)) return REASON_NOT_A_CA;
	if (path_is_too_long(path, length)) return REASON_PATH_LENGTH;
	if (leaf->is_ca) return REASON_LEAF_IS_CA;
	if (any(may_not_issue, issuers, issuer_count) || leaf_usage_is_wrong(leaf)) return REASON_KEY_USAGE;
	if (any(issues_for_other_purposes, issuers, issuer_count) || !leaf->purpose_server) return REASON_PURPOSE;
	reason = judge_names(leaf, server);
	if (reason == REASON_NONE) reason = judge_time(path, length, time);
	if (reason != REASON_NONE) return reason;
	for (size_t index = 0; index < length; index++) {
		if (index == 0 || path[index]->not_before > validity->not_before) validity->not_before = path[index]->not_before;
		if (index == 0 || path[index]->not_after < validity->not_after) validity->not_after = path[index]->not_after;
	}
	return REASON_NONE;
}

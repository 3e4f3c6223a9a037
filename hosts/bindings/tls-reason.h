/* TlsReason of modules/platform/tls.ts. The order from REASON_CHAIN_DEPTH on is that of docs/TLS.md 3. */
#ifndef LATCHKEY_TLS_REASON_H
#define LATCHKEY_TLS_REASON_H

#define TLS_REASONS(each) \
	each(REASON_RESOLVE, "resolve") \
	each(REASON_CONNECT, "connect") \
	each(REASON_TIMEOUT, "timeout") \
	each(REASON_CLOSED, "closed") \
	each(REASON_RESET, "reset") \
	each(REASON_ALERT, "alert") \
	each(REASON_ALERT_CERTIFICATE, "alert-certificate") \
	each(REASON_ALERT_VERSION, "alert-version") \
	each(REASON_ALERT_HANDSHAKE, "alert-handshake") \
	each(REASON_PLAIN_HTTP, "plain-http") \
	each(REASON_PROTOCOL, "protocol") \
	each(REASON_VERSION, "version") \
	each(REASON_SUITE, "suite") \
	each(REASON_ALPN, "alpn") \
	each(REASON_MEMORY, "memory") \
	each(REASON_CHAIN_DEPTH, "chain-depth") \
	each(REASON_CHAIN_SIZE, "chain-size") \
	each(REASON_CHAIN_MALFORMED, "chain-malformed") \
	each(REASON_CHAIN_UNTRUSTED, "chain-untrusted") \
	each(REASON_CERTIFICATE_VERSION, "certificate-version") \
	each(REASON_CRITICAL_EXTENSION, "critical-extension") \
	each(REASON_NAME_CONSTRAINTS, "name-constraints") \
	each(REASON_POLICY, "policy") \
	each(REASON_WEAK_SIGNATURE, "weak-signature") \
	each(REASON_WEAK_KEY, "weak-key") \
	each(REASON_NOT_A_CA, "not-a-ca") \
	each(REASON_PATH_LENGTH, "path-length") \
	each(REASON_LEAF_IS_CA, "leaf-is-ca") \
	each(REASON_KEY_USAGE, "key-usage") \
	each(REASON_PURPOSE, "purpose") \
	each(REASON_NAME_MISSING, "name-missing") \
	each(REASON_NAME_MISMATCH, "name-mismatch") \
	each(REASON_EXPIRED, "expired") \
	each(REASON_NOT_YET_VALID, "not-yet-valid") \
	each(REASON_PIN_MISMATCH, "pin-mismatch")

#define TLS_REASON_ENUM(symbol, text) symbol,
typedef enum { REASON_NONE = 0, TLS_REASONS(TLS_REASON_ENUM) TLS_REASON_COUNT } TlsReason;

const char *tls_reason_text(TlsReason reason);

#endif

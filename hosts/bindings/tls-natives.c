/*
 * The natives of tls.ts. A connection is opened, then given its parts, then started; each of these returns undefined
 * or a DeviceErrorCode.
 */
#include <stdio.h>
#include <string.h>

#include "entropy.h"
#include "keys.h"
#include "tls.h"

enum { CERTIFICATE_BYTES_MAX = 8192, KEY_BYTES_MAX = 16384, HANDSHAKE_MS_MAX = 120000, READ_BYTES_MAX = 16384 };
static const double UNIX_MS_MAX = 253402300799999.0;  /* 9999-12-31T23:59:59.999Z */

void xs_lk_tls_destructor(void *data);
void xs_lk_tls_open(xsMachine *the);
void xs_lk_tls_root(xsMachine *the);
void xs_lk_tls_pin(xsMachine *the);
void xs_lk_tls_alpn(xsMachine *the);
void xs_lk_tls_scope(xsMachine *the);
void xs_lk_tls_certificate(xsMachine *the);
void xs_lk_tls_key_name(xsMachine *the);
void xs_lk_tls_key_encoded(xsMachine *the);
void xs_lk_tls_start(xsMachine *the);
void xs_lk_tls_available(xsMachine *the);
void xs_lk_tls_read(xsMachine *the);
void xs_lk_tls_write(xsMachine *the);
void xs_lk_tls_close(xsMachine *the);
void xs_lk_tls_info(xsMachine *the);
void xs_lk_tls_drop_sessions(xsMachine *the);

void xs_lk_tls_destructor(void *data)
{
	if (data) tls_collect(data);
}

static Tls *tls_of(xsMachine *the)
{
	Tls *tls = xsmcGetHostDataValidate(xsArg(0), (void *)xs_lk_tls_destructor);

	if (!tls) xsTypeError("tls: not open");
	return tls;
}

/* One that still takes parts. */
static Tls *new_tls_of(xsMachine *the)
{
	Tls *tls = tls_of(the);

	if (tls->phase != TLS_NEW) xsTypeError("tls: started");
	return tls;
}

static void refuse_unless(xsMachine *the, bool usable)
{
	if (!usable) lk_fault(the, "tls/setup");
}

/* ---- set-up ---- */

/* (handle, host, port, serverName, unixMs, isFloor 0|1, handshakeMs) */
void xs_lk_tls_open(xsMachine *the)
{
	char host[SERVER_NAME_MAX + 1], server[SERVER_NAME_MAX + 1];
	uint16_t port = (uint16_t)lk_number(the, 2, 1, 65535);
	double unix_ms = lk_number(the, 4, 0, UNIX_MS_MAX);
	bool is_floor = lk_number(the, 5, 0, 1) == 1;
	uint32_t handshake_ms = (uint32_t)lk_number(the, 6, 1, HANDSHAKE_MS_MAX);
	Tls *tls;

	lk_text(the, 1, host, sizeof host);
	lk_text(the, 3, server, sizeof server);
	if (xsmcGetHostDataValidate(xsArg(0), (void *)xs_lk_tls_destructor)) xsTypeError("tls: open");
	if (!server_name_is_valid(server) || !lk_entropy_ready()) {
		lk_fault(the, "tls/setup");
		return;
	}
	tls = tls_new(the);
	if (!tls) {
		lk_fault(the, "memory/exhausted");
		return;
	}
	strcpy(tls->setup->host, host);
	strcpy(tls->setup->server, server);
	tls->setup->port = port;
	tls->setup->time = (ChainTime){ (int64_t)(unix_ms / 1000.0), is_floor };
	tls->setup->handshake_ms = handshake_ms;
	xsmcSetHostData(xsArg(0), tls);
}

/* (handle, der) */
void xs_lk_tls_root(xsMachine *the)
{
	Tls *tls = new_tls_of(the);
	LkSpan der = lk_bytes(the, 1, 0, CERTIFICATE_BYTES_MAX);

	refuse_unless(the, tls_setup_add_root(tls->setup, (Slice){ der.data, der.bytes }));
}

/* (handle, digest): of the root before it */
void xs_lk_tls_pin(xsMachine *the)
{
	Tls *tls = new_tls_of(the);
	LkSpan digest = lk_bytes(the, 1, 0, CERTIFICATE_BYTES_MAX);

	refuse_unless(the, tls_setup_add_pin(tls->setup, (Slice){ digest.data, digest.bytes }));
}

/* (handle, protocol) */
void xs_lk_tls_alpn(xsMachine *the)
{
	char protocol[TLS_ALPN_BYTES_MAX + 1];
	Tls *tls = new_tls_of(the);

	lk_text(the, 1, protocol, sizeof protocol);
	refuse_unless(the, tls_setup_add_alpn(tls->setup, protocol));
}

/* (handle, scope) */
void xs_lk_tls_scope(xsMachine *the)
{
	lk_text(the, 1, new_tls_of(the)->setup->scope, TLS_SCOPE_BYTES_MAX + 1);
}

/* (handle, der): leaf first */
void xs_lk_tls_certificate(xsMachine *the)
{
	Tls *tls = new_tls_of(the);
	LkSpan der = lk_bytes(the, 1, 0, CERTIFICATE_BYTES_MAX);

	refuse_unless(the, tls_setup_add_own(tls->setup, (Slice){ der.data, der.bytes }));
}

/* (handle, name): after the certificates */
void xs_lk_tls_key_name(xsMachine *the)
{
	char name[LK_KEY_NAME_SIZE];
	Tls *tls = new_tls_of(the);

	lk_text(the, 1, name, sizeof name);
	refuse_unless(the, tls_setup_own_key_named(tls->setup, name));
}

/* (handle, bytes): PEM or DER, after the certificates */
void xs_lk_tls_key_encoded(xsMachine *the)
{
	Tls *tls = new_tls_of(the);
	LkSpan encoded = lk_bytes(the, 1, 1, KEY_BYTES_MAX);

	refuse_unless(the, tls_setup_own_key_encoded(tls->setup, (Slice){ encoded.data, encoded.bytes }));
}

/* (handle, onEvent) */
void xs_lk_tls_start(xsMachine *the)
{
	Tls *tls = new_tls_of(the);

	if (!lk_given(the, 1) || !xsmcIsCallable(xsArg(1))) xsTypeError("tls: no function");
	if (!tls_setup_finish(tls->setup, &tls->verifier)) lk_fault(the, "tls/setup");
	else if (!tls_start(tls)) lk_fault(the, "memory/exhausted");
	else {
		tls->on_event = xsArg(1);
		xsRemember(tls->on_event);
		tls->remembered = true;
	}
}

/* ---- a connection ---- */

/* (handle) -> bytes that can be read at once */
void xs_lk_tls_available(xsMachine *the)
{
	size_t available = tls_available(tls_of(the));

	xsmcSetInteger(xsResult, (xsIntegerValue)(available < READ_BYTES_MAX ? available : READ_BYTES_MAX));
}

/* (handle, out): out is not longer than what is available */
void xs_lk_tls_read(xsMachine *the)
{
	Tls *tls = tls_of(the);
	size_t bytes = lk_bytes(the, 1, 1, READ_BYTES_MAX).bytes;

	if (tls->phase != TLS_UP || bytes > mbedtls_ssl_get_bytes_avail(&tls->ssl)) xsRangeError("tls: nothing to read");
	tls_read(tls, lk_output(the, 1, bytes), bytes);
}

/* (handle, bytes) -> how many were taken */
void xs_lk_tls_write(xsMachine *the)
{
	Tls *tls = tls_of(the);
	LkSpan data = lk_bytes(the, 1, 0, 1 << 24);

	xsmcSetInteger(xsResult, (xsIntegerValue)tls_write(tls, data.data, data.bytes));
}

/* (handle). Idempotent. */
void xs_lk_tls_close(xsMachine *the)
{
	Tls *tls = xsmcGetHostDataValidate(xsArg(0), (void *)xs_lk_tls_destructor);

	if (tls) tls_close(tls);
}

/* (handle, 0 version | 1 suite | 2 alpn | 3 resumed) -> text, undefined without ALPN, boolean */
void xs_lk_tls_info(xsMachine *the)
{
	Tls *tls = tls_of(the);
	int which = (int)lk_number(the, 1, 0, 3);
	const char *text = NULL;

	if (tls->phase != TLS_UP) xsTypeError("tls: not up");
	if (which == 3) {
		xsmcSetBoolean(xsResult, tls->resumed);
		return;
	}
	if (which == 0) text = compat_ssl_is_13(&tls->ssl) ? "1.3" : "1.2";
	else if (which == 1) text = mbedtls_ssl_get_ciphersuite(&tls->ssl);
	else text = mbedtls_ssl_get_alpn_protocol(&tls->ssl);
	if (text) xsmcSetString(xsResult, (xsStringValue)text);
}

/* () */
void xs_lk_tls_drop_sessions(xsMachine *the)
{
	(void)the;
	session_forget_all();
}

/*
 * The whole TLS client (tls-natives.c down) against a peer on a socket pair, with any behaviour. Input:
 *
 *   byte flags: 1 a raw peer (the rest of the input is what it sends), 2 ALPN, 4 a floor of time,
 *               8 the root is pinned to a key that nobody has, 16 to the leaf's,
 *               32 JavaScript reads in each callback, 64 and 128 a whole handshake, else a resumed one
 *   byte events that JavaScript closes at, by bit
 *   u8 edits, each: u16 offset in the server's bytes, u8 what (0 flip, 1 leave out, 2 insert), u8 count
 *   script: u8 what, u8 count (server writes, client writes, client reads, raw bytes, close of either side, time passes, again)
 *
 * Without edits the peer is Mbed TLS's own server with a genuine chain, so the bytes behind a completed handshake are
 * reached. A connection may only come up over the handshake that the genuine server sent, whole only with a key that is pinned
 * when any is, and what is read is what it wrote.
 */
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/md.h>
#include <mbedtls/ssl_cache.h>
#include <psa/crypto.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dial.h"
#include "entropy.h"
#include "expect.h"
#include "fake-port.h"
#include "input.h"
#include "tls-identity.h"
#include "tls-session.h"
#include "tls.h"

enum { FLAG_RAW = 1, FLAG_ALPN = 2, FLAG_FLOOR = 4, FLAG_PIN_NO_KEY = 8, FLAG_PIN_LEAF = 16, FLAG_READ = 32, FLAGS_WHOLE = 192, FLAG_RESUME = 256 };
enum { STREAM_MAX = 1 << 17, TURNS_MAX = 400, EDITS_MAX = 6 };
enum { EVENT_CONNECTED = 1, EVENT_CLOSED = 4, EVENT_CONNECTING = 5, EVENT_HANDSHAKING = 6 };

void xs_lk_tls_destructor(void *data);
void xs_lk_tls_open(xsMachine *the);
void xs_lk_tls_root(xsMachine *the);
void xs_lk_tls_pin(xsMachine *the);
void xs_lk_tls_alpn(xsMachine *the);
void xs_lk_tls_scope(xsMachine *the);
void xs_lk_tls_start(xsMachine *the);
void xs_lk_tls_available(xsMachine *the);
void xs_lk_tls_read(xsMachine *the);
void xs_lk_tls_write(xsMachine *the);
void xs_lk_tls_close(xsMachine *the);
void xs_lk_tls_info(xsMachine *the);

/* ---- in place of entropy.c and dial.c ---- */

static uint32_t drawn;

bool lk_random(uint8_t *output, size_t bytes)
{
	for (size_t index = 0; index < bytes; index++) output[index] = (uint8_t)((drawn = drawn * 1664525u + 1013904223u) >> 24);
	return true;
}

bool lk_entropy_ready(void) { return true; }

static int server_random(void *context, unsigned char *output, size_t bytes)
{
	(void)context;
	return lk_random(output, bytes) ? 0 : -1;
}

static DialResolved resolved;
static DialCallback dialled;
static void *dialled_context;

Dial *dial_start(const char *host, uint16_t port, uint32_t timeout_ms, DialResolved on_resolved, DialCallback callback, void *context)
{
	EXPECT(host[0] && port > 0 && timeout_ms > 0);
	resolved = on_resolved;
	dialled = callback;
	dialled_context = context;
	return (Dial *)(uintptr_t)1;
}

void dial_cancel(Dial *dial)
{
	if (dial) dialled = NULL;
}

/* ---- the peer ---- */

typedef struct {
	uint16_t offset;
	uint8_t what, count;
} Edit;

typedef struct {
	uint8_t genuine[STREAM_MAX], delivered[STREAM_MAX], heard[STREAM_MAX];
	size_t genuine_bytes, delivered_bytes, heard_bytes, heard_read, sent;
	Edit edits[EDITS_MAX];
	unsigned edit_count;
	int socket;
	mbedtls_ssl_context ssl;
	bool raw, up, over;
	size_t wrote;  /* application bytes, a counted sequence */
} Peer;

static Peer peer;
static mbedtls_ssl_config server;
static mbedtls_x509_crt chain;
static mbedtls_pk_context key;
static mbedtls_ssl_cache_context cache;
static mbedtls_ssl_session session;  /* of the client, to be resumed */
static bool making, made;

static int keep_on_the_server(void *context, const mbedtls_ssl_session *each)
{
	return making ? mbedtls_ssl_cache_set(context, each) : 0;
}

static void deliver(const uint8_t *data, size_t bytes)
{
	if (peer.delivered_bytes + bytes > STREAM_MAX) return;
	memcpy(peer.delivered + peer.delivered_bytes, data, bytes);
	peer.delivered_bytes += bytes;
}

static int peer_send(void *context, const unsigned char *data, size_t bytes)
{
	(void)context;
	if (peer.genuine_bytes + bytes > STREAM_MAX) return -1;
	memcpy(peer.genuine + peer.genuine_bytes, data, bytes);
	for (size_t index = 0; index < bytes; index++, peer.genuine_bytes++) {
		uint8_t byte = data[index];
		bool leave_out = false;
		for (unsigned each = 0; each < peer.edit_count; each++) {
			const Edit *edit = &peer.edits[each];
			size_t behind = peer.genuine_bytes - edit->offset;
			if (peer.genuine_bytes < edit->offset) continue;
			if (edit->what % 3 == 0 && behind == 0) byte ^= edit->count ? edit->count : 1;
			if (edit->what % 3 == 1 && behind <= edit->count) leave_out = true;
			if (edit->what % 3 == 2 && behind == 0) {
				uint8_t filling[256];
				memset(filling, edit->what, sizeof filling);
				deliver(filling, 1u + edit->count);
			}
		}
		if (!leave_out) deliver(&byte, 1);
	}
	return (int)bytes;
}

static int peer_receive(void *context, unsigned char *data, size_t bytes)
{
	size_t left = peer.heard_bytes - peer.heard_read;

	(void)context;
	if (left == 0) return MBEDTLS_ERR_SSL_WANT_READ;
	if (bytes > left) bytes = left;
	memcpy(data, peer.heard + peer.heard_read, bytes);
	peer.heard_read += bytes;
	return (int)bytes;
}

/* One step of the peer: true when something moved. */
static bool peer_turn(void)
{
	size_t before = peer.genuine_bytes + peer.sent + peer.heard_bytes;
	ssize_t moved = 0;

	if (peer.socket < 0) return false;
	if (peer.heard_bytes < STREAM_MAX) moved = recv(peer.socket, peer.heard + peer.heard_bytes, STREAM_MAX - peer.heard_bytes, 0);
	if (moved > 0) peer.heard_bytes += (size_t)moved;
	if (!peer.raw && !peer.over) {
		int result;
		uint8_t got[512];
		if (!peer.up) {
			result = mbedtls_ssl_handshake(&peer.ssl);
			if (result == 0) peer.up = true;
		}
		else result = mbedtls_ssl_read(&peer.ssl, got, sizeof got);
		if (result < 0 && result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE) peer.over = true;
	}
	while (peer.sent < peer.delivered_bytes) {
		moved = send(peer.socket, peer.delivered + peer.sent, peer.delivered_bytes - peer.sent, MSG_NOSIGNAL);
		if (moved <= 0) break;
		peer.sent += (size_t)moved;
	}
	return peer.genuine_bytes + peer.sent + peer.heard_bytes != before;
}

/* The bytes of the handshake messages at the front of a stream of records, up to the first ChangeCipherSpec. */
static size_t handshake_of(const uint8_t *stream, size_t bytes, uint8_t *out)
{
	size_t made = 0;

	for (size_t at = 0; at + 5 <= bytes && stream[at] != 20;) {
		size_t length = (size_t)stream[at + 3] << 8 | stream[at + 4];
		if (at + 5 + length > bytes) break;
		if (stream[at] == 22) {
			memcpy(out + made, stream + at + 5, length);
			made += length;
		}
		at += 5 + length;
	}
	return made;
}

static void check_handshake_is_genuine(void)
{
	static uint8_t sent[STREAM_MAX], arrived[STREAM_MAX];
	size_t sent_bytes = handshake_of(peer.genuine, peer.genuine_bytes, sent);
	size_t arrived_bytes = handshake_of(peer.delivered, peer.delivered_bytes, arrived);

	EXPECT(!peer.raw && sent_bytes > 0 && sent_bytes == arrived_bytes && memcmp(sent, arrived, sent_bytes) == 0);
}

/* ---- the client's JavaScript ---- */

typedef struct {
	xsMachine machine;
	xsSlot handle, function;
	unsigned flags;
	uint8_t closes_at;
	int phase;  /* the last event before EVENT_CONNECTED */
	bool connected, closed, let_go, resumed, pins_failed;
	size_t read, wrote;
} Client;

static Client client;

static xsSlot call(FakeNative native, int count, xsSlot second)
{
	xsMachine *the = &client.machine;
	bool nested = the->can_throw;

	EXPECT(!nested);
	the->arguments[0] = client.handle;
	the->arguments[1] = second;
	the->argument_count = count;
	if (!fake_run(the, native)) return (xsSlot){ .type = xsNullType };
	return the->result;
}

static void read_some(size_t wanted)
{
	xsSlot available = call(xs_lk_tls_available, 1, (xsSlot){ 0 }), out;
	size_t bytes = (size_t)available.number;

	if (available.type != xsIntegerType || bytes == 0 || wanted == 0) return;
	if (bytes > wanted) bytes = wanted;
	out = fake_bytes(NULL, bytes);
	if (call(xs_lk_tls_read, 2, out).type == xsUndefinedType) {
		for (size_t index = 0; index < bytes; index++) EXPECT(out.object->data[index] == (uint8_t)(client.read++ * 7));
	}
	EXPECT(client.read <= peer.wrote);
	fake_free(&out);
}

/* No key that the server has is pinned. */
static bool nobody_is_pinned(void)
{
	return (client.flags & (FLAG_PIN_NO_KEY | FLAG_PIN_LEAF)) == FLAG_PIN_NO_KEY;
}

static void on_phase(int event)
{
	EXPECT(!client.connected && client.phase == (event == EVENT_CONNECTING ? 0 : EVENT_CONNECTING));
	client.phase = event;
}

static void on_connected(void)
{
	EXPECT(!client.connected && client.phase == EVENT_HANDSHAKING);
	client.connected = true;
	client.resumed = call(xs_lk_tls_info, 2, fake_number(3)).number != 0;
	EXPECT(client.resumed || !nobody_is_pinned());
	check_handshake_is_genuine();
	if (making) made = mbedtls_ssl_get_session(&((Tls *)client.handle.object->host)->ssl, &session) == 0;
}

static void on_closed(const char *text)
{
	bool http = peer.delivered_bytes >= 5 && memcmp(peer.delivered, "HTTP/", 5) == 0;

	client.closed = true;
	EXPECT(text || client.connected);
	if (!text || strcmp(text, "timeout") == 0) return;
	EXPECT(!client.connected || (strcmp(text, "plain-http") != 0 && strcmp(text, "pin-mismatch") != 0));
	EXPECT(strcmp(text, "pin-mismatch") != 0 || nobody_is_pinned());
	if (!client.connected) EXPECT(http == (strcmp(text, "plain-http") == 0));
	client.pins_failed = strcmp(text, "pin-mismatch") == 0;
}

static void on_event(void *context, int event, const char *text)
{
	(void)context;
	EXPECT(!client.closed && !client.let_go && event >= EVENT_CONNECTED && event <= EVENT_HANDSHAKING);
	if (event >= EVENT_CONNECTING) on_phase(event);
	else if (event == EVENT_CONNECTED) on_connected();
	else if (event == EVENT_CLOSED) on_closed(text);
	else EXPECT(client.connected);
	if (client.flags & FLAG_READ) read_some(100);
	if (client.closes_at & (1u << event)) {
		client.let_go = true;
		call(xs_lk_tls_close, 1, (xsSlot){ 0 });
	}
}

/* A native that takes bytes: whether it took them. */
static bool give(FakeNative native, const uint8_t *data, size_t bytes)
{
	xsSlot given = fake_bytes(data, bytes);
	bool taken = call(native, 2, given).type == xsUndefinedType;

	fake_free(&given);
	return taken;
}

static void add_pins(void)
{
	static const uint8_t no_key[CHAIN_PIN_BYTES] = { 1 };
	uint8_t leaf[CHAIN_PIN_BYTES];

	EXPECT(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), chain.pk_raw.p, chain.pk_raw.len, leaf) == 0);
	EXPECT(!give(xs_lk_tls_pin, no_key, sizeof no_key - 1));
	if (client.flags & FLAG_PIN_NO_KEY) EXPECT(give(xs_lk_tls_pin, no_key, sizeof no_key));
	if (client.flags & FLAG_PIN_LEAF) {
		for (int more = client.flags & FLAG_PIN_NO_KEY ? 1 : 0; more < CHAIN_PINS_MAX; more++) EXPECT(give(xs_lk_tls_pin, leaf, sizeof leaf));
		EXPECT(!give(xs_lk_tls_pin, leaf, sizeof leaf));
	}
}

static void open_client(void)
{
	xsMachine *the = &client.machine;

	client.handle = fake_host((void *)xs_lk_tls_destructor);
	client.function = fake_function(on_event, NULL);
	the->arguments[0] = client.handle;
	the->arguments[1] = fake_text("relay.test");
	the->arguments[2] = fake_number(443);
	the->arguments[3] = fake_text("relay.test");
	the->arguments[4] = fake_number(1780000000000.0);
	the->arguments[5] = fake_number(client.flags & FLAG_FLOOR ? 1 : 0);
	the->arguments[6] = fake_number(10000);
	the->argument_count = 7;
	EXPECT(fake_run(the, xs_lk_tls_open) && the->result.type == xsUndefinedType);
	EXPECT(!give(xs_lk_tls_pin, tls_identity_key, CHAIN_PIN_BYTES));  /* of no root */
	EXPECT(give(xs_lk_tls_root, tls_identity_root, sizeof tls_identity_root));
	add_pins();
	if (client.flags & FLAG_ALPN) EXPECT(call(xs_lk_tls_alpn, 2, fake_text("latchkey")).type == xsUndefinedType);
	if (client.flags & FLAG_RESUME) EXPECT(call(xs_lk_tls_scope, 2, fake_text("scope")).type == xsUndefinedType);
	EXPECT(call(xs_lk_tls_start, 2, client.function).type == xsUndefinedType);
}

/* As if an earlier connection with this binding had come up. */
static void offer_the_session(Tls *tls)
{
	const ChainValidity validity = { 0, INT64_MAX };
	SessionBinding binding = tls_setup_binding(tls->setup);
	mbedtls_ssl_context former;

	mbedtls_ssl_init(&former);
	former.MBEDTLS_PRIVATE(conf) = &tls->setup->config;
	former.MBEDTLS_PRIVATE(session) = &session;
	session_keep(&former, &binding, (Slice){ tls_identity_leaf, sizeof tls_identity_leaf }, &validity);
	former.MBEDTLS_PRIVATE(session) = NULL;
}

static void connect_pair(void)
{
	int pair[2];

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	peer.socket = pair[1];
	if (client.flags & FLAG_RESUME) offer_the_session(client.handle.object->host);
	if (dialled && resolved(dialled_context)) dialled(dialled_context, pair[0], REASON_NONE);
	else {
		EXPECT(!dialled && client.let_go);
		close(pair[0]);
	}
}

static void settle(void)
{
	for (int turn = 0, quiet = 0; turn < TURNS_MAX && quiet < 2; turn++) {
		bool moved = peer_turn();
		unsigned ran = fake_port_turn();
		quiet = moved || ran > 1 ? 0 : quiet + 1;
	}
}

/* ---- the script ---- */

static void server_write(size_t bytes)
{
	uint8_t data[1024];

	if (!peer.up || peer.over) return;
	for (size_t index = 0; index < bytes; index++) data[index] = (uint8_t)((peer.wrote + index) * 7);
	if (mbedtls_ssl_write(&peer.ssl, data, bytes) == (int)bytes) peer.wrote += bytes;
}

static void run_script(Input *input)
{
	while (input->bytes > 0) {
		uint8_t what = input_byte(input), count = input_byte(input);
		Input raw;
		xsSlot data;
		switch (what % 9) {
		case 0: server_write((size_t)count * 4); break;
		case 1:
			data = fake_bytes(NULL, (size_t)count * 64);
			call(xs_lk_tls_write, 2, data);
			fake_free(&data);
			break;
		case 2: read_some(count); break;
		case 3:
			raw = input_piece(input, count);
			deliver(raw.data, raw.bytes);
			break;
		case 4: if (peer.up) mbedtls_ssl_close_notify(&peer.ssl); break;
		case 5:
			client.let_go = true;
			call(xs_lk_tls_close, 1, (xsSlot){ 0 });
			break;
		case 6: if (peer.socket >= 0) shutdown(peer.socket, count & 1 ? SHUT_RDWR : SHUT_WR); break;
		case 7: fake_port_pass(count * 100u); break;
		case 8: if (peer.up) mbedtls_ssl_send_alert_message(&peer.ssl, count & 1 ? 1 : 2, count); break;
		}
		settle();
	}
}

static void run_connection(Input *input)
{
	unsigned edits = input_byte(input) % (EDITS_MAX + 1);

	memset(&peer, 0, sizeof peer);
	mbedtls_ssl_init(&peer.ssl);
	peer.raw = client.flags & FLAG_RAW;
	if (!peer.raw) {
		for (unsigned index = 0; index < edits; index++) {
			peer.edits[index].offset = (uint16_t)input_number(input, 2);
			peer.edits[index].what = input_byte(input);
			peer.edits[index].count = input_byte(input);
		}
		peer.edit_count = edits;
		EXPECT(mbedtls_ssl_setup(&peer.ssl, &server) == 0);
		mbedtls_ssl_set_bio(&peer.ssl, NULL, peer_send, peer_receive, NULL);
	}
	open_client();
	connect_pair();
	settle();
	if (peer.raw) {
		while (input->bytes > 0) {
			Input piece = input_piece(input, 1500);
			deliver(piece.data, piece.bytes);
			settle();
		}
	}
	else {
		if (edits == 0 && client.closes_at == 0) {
			bool resumes = client.flags & FLAG_RESUME;
			if (resumes || !nobody_is_pinned()) EXPECT(client.connected && peer.up && client.resumed == resumes);
			else EXPECT(client.closed && client.pins_failed && !peer.up);
		}
		run_script(input);
	}
	/* The engine collects the object only once nothing is remembered. */
	if (client.machine.remembered > 0) call(xs_lk_tls_close, 1, (xsSlot){ 0 });
	EXPECT(client.machine.remembered == 0);
	fake_free(&client.handle);
	fake_free(&client.function);
	EXPECT(fake_port_watches() == 0 && fake_port_timers() == 0);
	close(peer.socket);
	mbedtls_ssl_free(&peer.ssl);
}

static void begin(unsigned flags, uint8_t closes_at)
{
	fake_port_reset();
	drawn = 1;
	memset(&client, 0, sizeof client);
	client.flags = flags;
	client.closes_at = closes_at;
}

/*
 * A whole handshake takes a hundred times as long as a resumed one, so one session is made for the whole process and handed
 * to each run that resumes: what a run drops, the next one has again.
 */
static void make_the_session(void)
{
	Input none = { NULL, 0 };

	making = true;
	begin(0, 0);
	run_connection(&none);
	making = false;
	EXPECT(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	Input input = { data, bytes };
	uint8_t flags = input_byte(&input), closes_at = input_byte(&input);
	bool resumes = !(flags & FLAG_RAW) && (flags & FLAGS_WHOLE) != FLAGS_WHOLE;

	if (!made) make_the_session();
	begin(flags | (resumes ? FLAG_RESUME : 0u), closes_at);
	run_connection(&input);
	session_forget_all();
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *protocols[] = { "latchkey", NULL };

	(void)argc;
	(void)argv;
	EXPECT(psa_crypto_init() == PSA_SUCCESS);
	mbedtls_ssl_config_init(&server);
	mbedtls_x509_crt_init(&chain);
	mbedtls_pk_init(&key);
	mbedtls_ssl_cache_init(&cache);
	EXPECT(mbedtls_x509_crt_parse_der(&chain, tls_identity_leaf, sizeof tls_identity_leaf) == 0);
	EXPECT(compat_pk_parse(&key, tls_identity_key, sizeof tls_identity_key, server_random) == 0);
	EXPECT(mbedtls_ssl_config_defaults(&server, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) == 0);
	compat_ssl_conf_profile(&server, server_random);
	EXPECT(mbedtls_ssl_conf_own_cert(&server, &chain, &key) == 0);
	EXPECT(mbedtls_ssl_conf_alpn_protocols(&server, protocols) == 0);
	mbedtls_ssl_conf_session_cache(&server, &cache, mbedtls_ssl_cache_get, keep_on_the_server);
	return 0;
}

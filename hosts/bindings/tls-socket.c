#include "tls-socket.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool must_wait(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int tls_socket_receive(void *context, unsigned char *data, size_t bytes)
{
	TlsSocket *tcp = context;
	ssize_t got = recv(tcp->descriptor, data, bytes, 0);

	if (got > 0) {
		for (ssize_t at = 0; at < got && tcp->first_bytes < TLS_SOCKET_FIRST; at++) tcp->first[tcp->first_bytes++] = data[at];
		return (int)got;
	}
	if (got == 0 && tcp->unsendable) return TLS_SOCKET_BROKE;
	if (got == 0) {
		tcp->ended = true;
		return TLS_SOCKET_ENDED;
	}
	return must_wait() ? MBEDTLS_ERR_SSL_WANT_READ : TLS_SOCKET_BROKE;
}

/* A peer that refuses says why and closes, perhaps while we are still sending: what it said lies unread in the socket.
 * So a connection that takes no more is not the failure; reading comes to it, behind the peer's last words. */
int tls_socket_send(void *context, const unsigned char *data, size_t bytes)
{
	TlsSocket *tcp = context;
	ssize_t sent = tcp->unsendable ? (ssize_t)bytes : send(tcp->descriptor, data, bytes, MSG_NOSIGNAL);

	if (sent >= 0) return (int)sent;
	if (must_wait()) return MBEDTLS_ERR_SSL_WANT_WRITE;
	tcp->unsendable = true;
	return (int)bytes;
}

bool tls_socket_heard_http(const TlsSocket *tcp)
{
	return tcp->first_bytes == TLS_SOCKET_FIRST && memcmp(tcp->first, "HTTP/", TLS_SOCKET_FIRST) == 0;
}

/* Closing with unread bytes would reset the connection, and the peer might never read our alert. */
void tls_socket_close(TlsSocket *tcp)
{
	uint8_t unread[512];

	if (tcp->descriptor < 0) return;
	shutdown(tcp->descriptor, SHUT_WR);
	for (int reads = 0; reads < 64 && recv(tcp->descriptor, unread, sizeof unread, 0) > 0; reads++) { }
	close(tcp->descriptor);
	tcp->descriptor = -1;
}

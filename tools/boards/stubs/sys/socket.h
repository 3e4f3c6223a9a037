/* Sockets as POSIX names them, which lwIP has and picolibc has not: types and declarations for cross-compile.ts, never linked. */
#ifndef LATCHKEY_STUB_SYS_SOCKET_H
#define LATCHKEY_STUB_SYS_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint32_t socklen_t;
typedef uint8_t sa_family_t;

struct sockaddr {
	uint8_t sa_len;
	sa_family_t sa_family;
	char sa_data[14];
};

struct sockaddr_storage {
	uint8_t s2_len;
	sa_family_t ss_family;
	char s2_data[26];
};

enum { AF_UNSPEC = 0, AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOL_SOCKET = 0xfff, SO_ERROR = 0x1007, SO_KEEPALIVE = 8 };
enum { MSG_PEEK = 1, MSG_DONTWAIT = 8, MSG_NOSIGNAL = 32, SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2 };

int socket(int domain, int type, int protocol);
int bind(int socket, const struct sockaddr *address, socklen_t bytes);
int connect(int socket, const struct sockaddr *address, socklen_t bytes);
int shutdown(int socket, int how);
int getsockopt(int socket, int level, int option, void *value, socklen_t *bytes);
int setsockopt(int socket, int level, int option, const void *value, socklen_t bytes);
int getsockname(int socket, struct sockaddr *address, socklen_t *bytes);
int getpeername(int socket, struct sockaddr *address, socklen_t *bytes);
ssize_t recv(int socket, void *buffer, size_t bytes, int flags);
ssize_t send(int socket, const void *buffer, size_t bytes, int flags);

#endif

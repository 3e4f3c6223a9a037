/* Options of TCP; see sys/socket.h. */
#ifndef LATCHKEY_STUB_NETINET_TCP_H
#define LATCHKEY_STUB_NETINET_TCP_H

enum { TCP_NODELAY = 1 };

#endif

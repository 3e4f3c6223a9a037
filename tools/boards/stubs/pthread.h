/* The one type that Debian's Mbed TLS names in its headers; see sys/socket.h. */
#ifndef LATCHKEY_STUB_PTHREAD_H
#define LATCHKEY_STUB_PTHREAD_H

typedef int latchkey_stub_mutex;
#define pthread_mutex_t latchkey_stub_mutex

#endif

#ifndef LATCHKEY_TCP_H
#define LATCHKEY_TCP_H

#include "xs.h"

/* Makes xsResult an object of a connection, for `from` of a TCP. It owns the descriptor, which is closed when this throws. */
void tcp_of_descriptor(xsMachine *the, int descriptor);

#endif

/* Noise of the system, which blocks until the system has enough. */
#include <sys/random.h>

#include "port.h"

bool port_entropy(uint8_t *buffer, size_t bytes)
{
	while (bytes > 0) {
		ssize_t got = getrandom(buffer, bytes, 0);
		if (got <= 0) return false;
		buffer += got;
		bytes -= (size_t)got;
	}
	return true;
}

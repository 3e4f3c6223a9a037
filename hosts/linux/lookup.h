/* Look-ups (port.h) that have not been delivered yet. The engine's thread. */
#ifndef LATCHKEY_LOOKUP_H
#define LATCHKEY_LOOKUP_H

int lookups_under_way(void);

#endif

/*
 * One network interface a board, chosen by its file: of the port_interface_*.c files exactly one is in an image, and the others'
 * drivers are not linked. Natives and events are port_network.c's; when to join again is network.ts's.
 */
#ifndef LATCHKEY_ESP32_NETWORK_H
#define LATCHKEY_ESP32_NETWORK_H

#include <stdbool.h>

#include "esp_netif.h"

#include "station.h"

/* Numbers are EVENTS of network.ts. Refused: down, and the other side is there and does not take what was shown. */
typedef enum { NETWORK_DOWN, NETWORK_JOINED, NETWORK_UP, NETWORK_REFUSED } NetworkState;

/* ---- an interface offers ---- */

/* Once, after the event loop exists: driver and netif; NULL: there is no such hardware. Ethernet starts by itself, Wi-Fi waits for a join. */
esp_netif_t *network_interface_start(void);
/* True for Wi-Fi: somebody must say what to join. */
bool network_interface_joins(void);
/* False where it could not begin; its end comes as a state. */
bool network_interface_join(const Station *station);
/* Leaves what it joined, or is joining, and forgets it; a "down" that comes of it may come. Nothing for Ethernet. */
void network_interface_part(void);

/* ---- and tells; any task ---- */

void network_tell(NetworkState state);

#endif

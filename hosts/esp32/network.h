/*
 * One network interface a board, chosen by its file: of the port_interface_*.c files exactly one is in an image, and the others'
 * drivers are not linked. Natives and events are port_network.c's; when to join again is network.ts's.
 */
#ifndef LATCHKEY_ESP32_NETWORK_H
#define LATCHKEY_ESP32_NETWORK_H

#include <stdbool.h>

#include "esp_netif.h"

#include "station.h"

/* Numbers are NETWORK_STATES of network.ts. */
typedef enum { NETWORK_DOWN, NETWORK_JOINED, NETWORK_UP } NetworkState;

/* ---- an interface offers ---- */

/* Once, after the event loop exists: driver and netif; NULL: there is no such hardware. Ethernet starts by itself, Wi-Fi waits for a join. */
esp_netif_t *network_interface_start(void);
/* True for Wi-Fi: somebody must say what to join. */
bool network_interface_joins(void);
/* False where it could not begin; its end comes as a state. */
bool network_interface_join(const Station *station);

/* ---- and tells; any task ---- */

void network_tell(NetworkState state);

#endif

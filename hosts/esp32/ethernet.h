/* What the Ethernet interfaces share: everything behind the MAC and the PHY. */
#ifndef LATCHKEY_ESP32_ETHERNET_H
#define LATCHKEY_ESP32_ETHERNET_H

#include "esp_eth.h"
#include "esp_netif.h"

/* NULL where the driver refuses; then both are deleted. */
esp_netif_t *ethernet_start(esp_eth_mac_t *mac, esp_eth_phy_t *phy);

#endif

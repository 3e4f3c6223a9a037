/* The interface of an emulator's board: the OpenCores MAC, which no chip has. */
#include "esp_eth_mac_openeth.h"
#include "esp_eth_phy.h"

#include "ethernet.h"
#include "network.h"

esp_netif_t *network_interface_start(void)
{
	eth_mac_config_t mac = ETH_MAC_DEFAULT_CONFIG();
	eth_phy_config_t phy = ETH_PHY_DEFAULT_CONFIG();

	phy.autonego_timeout_ms = 100;
	return ethernet_start(esp_eth_mac_new_openeth(&mac), esp_eth_phy_new_generic(&phy));
}

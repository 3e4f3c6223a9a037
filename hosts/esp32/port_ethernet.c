/* Ethernet behind the MAC: driver, netif, link states. It joins by itself, and again whenever the cable is back. */
#include "ethernet.h"

#include "esp_eth_driver.h"
#include "esp_event.h"
#include "esp_mac.h"

#include "network.h"
#include "port.h"

static void on_event(void *nothing, esp_event_base_t base, int32_t id, void *data)
{
	(void)nothing, (void)base, (void)data;
	if (id == ETHERNET_EVENT_CONNECTED) network_tell(NETWORK_JOINED);
	else if (id == ETHERNET_EVENT_DISCONNECTED) network_tell(NETWORK_DOWN);
}

esp_netif_t *ethernet_start(esp_eth_mac_t *mac, esp_eth_phy_t *phy)
{
	const esp_netif_config_t config = ESP_NETIF_DEFAULT_ETH();
	esp_eth_config_t driver = ETH_DEFAULT_CONFIG(mac, phy);
	esp_eth_handle_t handle = NULL;
	esp_netif_t *netif;
	uint8_t address[6];

	if (!mac || !phy || esp_eth_driver_install(&driver, &handle) != ESP_OK) {
		if (mac) mac->del(mac);
		if (phy) phy->del(phy);
		port_log("network: no Ethernet");
		return NULL;
	}
	netif = esp_netif_new(&config);
	if (netif && esp_read_mac(address, ESP_MAC_ETH) == ESP_OK && esp_eth_ioctl(handle, ETH_CMD_S_MAC_ADDR, address) == ESP_OK
		&& esp_netif_attach(netif, esp_eth_new_netif_glue(handle)) == ESP_OK
		&& esp_event_handler_register(ETH_EVENT, ESP_EVENT_ANY_ID, on_event, NULL) == ESP_OK && esp_eth_start(handle) == ESP_OK) return netif;
	port_log("network: Ethernet does not start");
	return NULL;
}

bool network_interface_joins(void)
{
	return false;
}

bool network_interface_join(const Station *station)
{
	(void)station;
	return false;
}

void network_interface_part(void)
{
}

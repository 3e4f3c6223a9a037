/* The interface of an ESP32 with its own MAC and a PHY on RMII. Pins come from the board file. */
#include "esp_eth_mac_esp.h"
#include "esp_eth_phy.h"
#include "mc.defines.h"

#include "ethernet.h"
#include "network.h"

esp_netif_t *network_interface_start(void)
{
	eth_mac_config_t mac = ETH_MAC_DEFAULT_CONFIG();
	eth_esp32_emac_config_t chip = ETH_ESP32_EMAC_DEFAULT_CONFIG();
	eth_phy_config_t phy = ETH_PHY_DEFAULT_CONFIG();

	chip.smi_gpio.mdc_num = MODDEF_LATCHKEY_RMII_MDC;
	chip.smi_gpio.mdio_num = MODDEF_LATCHKEY_RMII_MDIO;
	chip.clock_config.rmii.clock_mode = EMAC_CLK_EXT_IN;
	chip.clock_config.rmii.clock_gpio = MODDEF_LATCHKEY_RMII_CLOCK;
	phy.phy_addr = MODDEF_LATCHKEY_RMII_ADDRESS;
	phy.reset_gpio_num = MODDEF_LATCHKEY_RMII_RESET;
	return ethernet_start(esp_eth_mac_new_esp32(&chip, &mac), esp_eth_phy_new_generic(&phy));
}

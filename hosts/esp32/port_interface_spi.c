/* The interface of a board with a W5500 on SPI (component espressif/w5500, which the board's manifest names). */
#include "driver/gpio.h"
#include "driver/spi_master.h"
#include "esp_eth_mac_w5500.h"
#include "esp_eth_phy_w5500.h"
#include "mc.defines.h"

#include "ethernet.h"
#include "network.h"
#include "port.h"

enum { CLOCK_HZ = 16000000, QUEUE = 20 };

esp_netif_t *network_interface_start(void)
{
	const spi_bus_config_t bus = {
		.mosi_io_num = MODDEF_LATCHKEY_SPI_MOSI, .miso_io_num = MODDEF_LATCHKEY_SPI_MISO, .sclk_io_num = MODDEF_LATCHKEY_SPI_CLOCK,
		.quadwp_io_num = -1, .quadhd_io_num = -1,
	};
	spi_device_interface_config_t device = { .mode = 0, .clock_speed_hz = CLOCK_HZ, .spics_io_num = MODDEF_LATCHKEY_SPI_SELECT, .queue_size = QUEUE };
	eth_w5500_config_t chip = ETH_W5500_DEFAULT_CONFIG(SPI2_HOST, &device);
	eth_mac_config_t mac = ETH_MAC_DEFAULT_CONFIG();
	eth_phy_config_t phy = ETH_PHY_DEFAULT_CONFIG();
	esp_err_t service = gpio_install_isr_service(0);

	/* Whoever was first, the pins' class or this. */
	if ((service != ESP_OK && service != ESP_ERR_INVALID_STATE) || spi_bus_initialize(SPI2_HOST, &bus, SPI_DMA_CH_AUTO) != ESP_OK) {
		port_log("network: no SPI");
		return NULL;
	}
	chip.int_gpio_num = MODDEF_LATCHKEY_SPI_INTERRUPT;
	phy.reset_gpio_num = MODDEF_LATCHKEY_SPI_RESET;
	return ethernet_start(esp_eth_mac_new_w5500(&chip, &mac), esp_eth_phy_new_w5500(&phy));
}

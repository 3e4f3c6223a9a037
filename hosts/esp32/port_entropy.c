/* The chip's generator, drawn from only while one of its sources runs (entropy-source.h). */
#include "bootloader_random.h"
#include "esp_random.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"

#include "entropy-source.h"
#include "host.h"
#include "port.h"

static StaticSemaphore_t storage;
static SemaphoreHandle_t mutex;
static EntropySource source;

static void step(EntropyEvent event)
{
	EntropyAct act;

	if (!mutex) mutex = xSemaphoreCreateMutexStatic(&storage);
	xSemaphoreTake(mutex, portMAX_DELAY);
	source = entropy_source_step(source, event, &act);
	if (act == ENTROPY_NOISE_ON) bootloader_random_enable();
	else if (act == ENTROPY_NOISE_OFF) bootloader_random_disable();
	xSemaphoreGive(mutex);
}

void host_entropy_start(void)
{
	step(ENTROPY_START);
}

void host_radio_begins(void)
{
	step(ENTROPY_RADIO_BEGINS);
}

void host_radio_is_on(void)
{
	step(ENTROPY_RADIO_IS_ON);
}

void host_radio_stops(void)
{
	step(ENTROPY_RADIO_STOPS);
}

bool port_entropy(uint8_t *buffer, size_t bytes)
{
	bool is_true;

	if (!mutex) return false;
	xSemaphoreTake(mutex, portMAX_DELAY);
	is_true = entropy_source_is_true(source);
	if (is_true) esp_fill_random(buffer, bytes);
	xSemaphoreGive(mutex);
	return is_true;
}

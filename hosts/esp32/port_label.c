/* This image's label, where the linker puts what follows the description of an application. */
#include "esp_app_desc.h"
#include "esp_app_format.h"
#include "mc.defines.h"

#include "image-label.h"

_Static_assert(sizeof(esp_image_header_t) + sizeof(esp_image_segment_header_t) + sizeof(esp_app_desc_t) == IMAGE_LABEL_OFFSET, "IMAGE_LABEL_OFFSET");

const __attribute__((used, section(".rodata_custom_desc"))) ImageLabel image_label = { IMAGE_LABEL_MAGIC, MODDEF_LATCHKEY_SEQUENCE, MODDEF_LATCHKEY_BOARD };

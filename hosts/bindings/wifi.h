/* What an owner's network is kept as, for the natives of wifi.c and for a host that joins it. */
#ifndef LATCHKEY_WIFI_H
#define LATCHKEY_WIFI_H

#include "port.h"
#include "station.h"

/* What is on record; of anything but PORT_RECORD_OK all of `station` is zero. The caller wipes it. */
PortRecordStatus lk_wifi_read(Station *station);

#endif

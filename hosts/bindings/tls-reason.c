#include "tls-reason.h"

#define TLS_REASON_TEXT(symbol, text) text,

const char *tls_reason_text(TlsReason reason)
{
	static const char *const texts[] = { "", TLS_REASONS(TLS_REASON_TEXT) };

	return texts[reason];
}

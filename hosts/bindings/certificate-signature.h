/* Verifies a certificate's signature under its issuer's key, through PSA. */
#ifndef LATCHKEY_CERTIFICATE_SIGNATURE_H
#define LATCHKEY_CERTIFICATE_SIGNATURE_H

#include "certificate.h"

/* Whether the issuer's key is of the kind that the child's signature needs, both within the profile's algorithms. */
bool certificate_signature_fits(const Certificate *child, const Certificate *issuer);
/* PSA must have been started. */
bool certificate_signed_by(const Certificate *child, const Certificate *issuer);

#endif

/* SPDX-License-Identifier: MIT */
/* signature.h - the secrets and signatures of the Standard Webhooks specification. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include "attributes.h"
#include "span.h"

/* The size of "whsec_", the base64 of 64 bytes, and a NUL. */
#define SECRET_SIZE (6 + 88 + 1)

/* The size of "v1,", the base64 of 32 bytes, and a NUL. */
#define SIGNATURE_SIZE (3 + 44 + 1)

/* Makes a secret of 32 random bytes. False: the system has no random numbers. */
MUST_CHECK bool secret_make(char out[SECRET_SIZE]);

/* Whether the secret is "whsec_" and the base64 of 24 to 64 bytes. */
MUST_CHECK bool secret_is_valid(struct span secret);

/* Signs one attempt; `timestamp` in seconds since 1970. False: the secret is not valid. */
MUST_CHECK bool signature_make(struct span secret, struct span id, int64_t timestamp, struct span body,
			       char out[SIGNATURE_SIZE]);

#endif

/* SPDX-License-Identifier: MIT */
/* signature.h - secrets and signatures of webhooks, as the Standard Webhooks specification has them. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include "attributes.h"
#include "span.h"

/* "whsec_" and the base64 of up to 64 bytes, with its NUL. */
#define SECRET_SIZE (6 + 88 + 1)

/* "v1," and the base64 of 32 bytes, with its NUL. */
#define SIGNATURE_SIZE (3 + 44 + 1)

/* A new secret of 32 random bytes. False where the system gives none. */
MUST_CHECK bool secret_make(char out[SECRET_SIZE]);

/* Whether it is "whsec_" and the base64 of 24 to 64 bytes. */
MUST_CHECK bool secret_is_valid(struct span secret);

/* The signature of one attempt; `timestamp` in seconds. False where the secret is not valid. */
MUST_CHECK bool signature_make(struct span secret, struct span id, int64_t timestamp, struct span body,
			       char out[SIGNATURE_SIZE]);

#endif

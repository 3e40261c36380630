/* SPDX-License-Identifier: MIT */
/* secret.h - the form of a webhook's secret: "whsec_" and the base64 of 24 to 64 bytes. */
#ifndef SECRET_H
#define SECRET_H

#include "attributes.h"
#include "span.h"

#define SECRET_PREFIX "whsec_"
#define SECRET_MAX_KEY_SIZE 64

/* Decodes the secret into bytes and gives their number; 0 if it is not valid. */
MUST_CHECK size_t secret_decode(struct span secret, unsigned char key[SECRET_MAX_KEY_SIZE]);

#endif

/* SPDX-License-Identifier: MIT */
/* secret.h - what a webhook's secret is: "whsec_" and the base64 of 24 to 64 bytes. */
#ifndef SECRET_H
#define SECRET_H

#include "attributes.h"
#include "span.h"

#define SECRET_PREFIX "whsec_"
#define SECRET_KEY_MOST 64

/* The bytes that it stands for; their number, or 0 where it is not valid. */
MUST_CHECK size_t secret_decode(struct span secret, unsigned char key[SECRET_KEY_MOST]);

#endif

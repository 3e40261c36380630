/* SPDX-License-Identifier: MIT */
/* fingerprint.h - tells contents apart without keeping them. */
#ifndef FINGERPRINT_H
#define FINGERPRINT_H

#include "attributes.h"
#include "directmessages.h"

/* The SHA-256 of a content. False: there is no memory. */
MUST_CHECK bool fingerprint_of(struct dm_text content, unsigned char fingerprint[DM_FINGERPRINT_SIZE]);

#endif

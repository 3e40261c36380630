/* SPDX-License-Identifier: MIT */
/* certificates.h - whether a file holds certificates. */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include "attributes.h"

#include <stdbool.h>

/* Whether the file can be read and holds a certificate in PEM form. */
MUST_CHECK bool holds_certificates(const char *path);

#endif

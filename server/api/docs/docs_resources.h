/* SPDX-License-Identifier: MIT */
/* docs_resources.h - the resources that describe the API. */
#ifndef DOCS_RESOURCES_H
#define DOCS_RESOURCES_H

#include "route.h"

exchange_step docs_get;   /* docs.c */
exchange_step schema_get; /* schema.c */

#endif

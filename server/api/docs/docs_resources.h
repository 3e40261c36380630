/* SPDX-License-Identifier: MIT */
/* docs_resources.h - the resources that describe the API, and the web client. */
#ifndef DOCS_RESOURCES_H
#define DOCS_RESOURCES_H

#include "route.h"

exchange_step docs_get;                                /* docs.c */
exchange_step schema_get;                              /* schema.c */
exchange_step web_get, web_root_get, web_settings_get; /* web.c */

#endif

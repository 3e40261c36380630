/* SPDX-License-Identifier: MIT */
/* livez.c - GET /livez: the process is alive. It does not look at the database: an outage there is no reason to restart
 * the process. */
#include "operations_resources.h"

const struct span livez_body = {"ok\n", 3};

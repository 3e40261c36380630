/* SPDX-License-Identifier: MIT */
/* livez.c - GET /livez: the process answers. Says nothing of the database, so that an outage of that is no reason to
 * restart the process. */
#include "operations_resources.h"

const struct span livez_body = {"ok\n", 3};

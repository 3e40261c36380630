/* SPDX-License-Identifier: MIT */
/* scratch_log.h - SQLite: how often the log of a scratch database has begun anew. */
#ifndef SCRATCH_LOG_H
#define SCRATCH_LOG_H

#include "scratch.h"

/* A number that changes each time. */
unsigned scratch_log_generation(const struct scratch *scratch);

/* Sends the content again and again until then. */
void scratch_log_send(const struct scratch *scratch, const char *content);

#endif

/* SPDX-License-Identifier: MIT */
/* generation.h - all settings as they were read at one time: at the start, or by a reload. */
#ifndef GENERATION_H
#define GENERATION_H

#include "auth.h"
#include "config.h"
#include "policy.h"

struct setting_file;

struct generation {
	struct config config;
	struct setting_file *file; /* the texts of the config may be in it; owned; NULL: there is none */
	struct auth auth;
	struct policy policy; /* of this config; held by whoever has called generation_read, too */
};

/* Lets requests verify JWTs by this bearer instead of the generation's own; NULL: JWTs are off. */
void generation_use_bearer(struct generation *generation, struct bearer *bearer);

/* Reads the settings from the flags, the environment and this file, which counts from now on (see setting_use_file),
 * and which is owned if that succeeds. NULL after the errors were printed; then the file that counted before counts
 * again. Give it back by policy_leave. */
MUST_CHECK struct generation *generation_read(struct setting_file *file);

#endif

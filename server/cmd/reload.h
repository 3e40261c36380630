/* SPDX-License-Identifier: MIT */
/* reload.h - reads the settings again while the server runs, and puts those into effect that can be reloaded. */
#ifndef RELOAD_H
#define RELOAD_H

#include "generation.h"
#include "monitor.h"

struct reload {
	dm *handle;
	struct webhooks *webhooks; /* NULL: there are none */
	struct policies *policies;
	struct reload_state *state; /* for the metrics */
	struct bearer *bearer;      /* that verifies JWTs, also after a reload: it may hold fetched keys; NULL: none */
	struct policy *has_bearer;  /* whose generation owns it, if that is not the first one */
	struct setting_file *file;  /* the one that counts; lives as long as its generation */
};

/* All or nothing: what is wrong is logged, and then nothing has changed. On the main thread. Returns whether it
 * succeeded. */
bool reload_settings(struct reload *reload);

/* Gives back what reloads have kept. No request may be under way. */
void reload_end(struct reload *reload);

#endif

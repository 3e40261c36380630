/* SPDX-License-Identifier: MIT */
/* reload.c - reads the settings again while the server runs.
 *
 * The environment of a process does not change: what does is the configuration file, and the files that settings name.
 * A setting that can't be reloaded keeps its value in the new reading, so that the two fit together. */
#include "reload.h"

#include "bearer.h"
#include "cli.h"
#include "clock.h"
#include "log.h"
#include "setting_file.h"
#include "setting_values.h"

#include <string.h>

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* The text that the setting would have with this file. */
static const char *text_with(struct setting_file *file, enum setting setting)
{
	struct setting_file *before = setting_use_file(file);
	const char *text = setting_text(setting);

	setting_use_file(before);
	return text;
}

/* Names each setting that has changed and can't be reloaded, and gives it its old value. False: no memory. */
static bool keep_fixed(struct setting_file *next, const struct reload *reload)
{
	for (int i = SETTING_NONE + 1; i < SETTING_COUNT; i++) {
		const struct setting_row *row = setting_row(i);

		if (row->reloads || is_same(text_with(next, i), text_with(reload->file, i)))
			continue;
		log_line(LOG_WARNING, "%s has changed, but is read at the start alone; restart the server for it",
			 row->variable);
		if (!setting_file_keep(next, reload->file, i)) {
			cli_fail(EXIT_FAILED, "out of memory; free some");
			return false;
		}
	}
	return true;
}

/* NULL after the error was printed. */
static struct generation *read_again(const struct reload *reload)
{
	struct generation *generation = NULL;
	struct setting_file *next = NULL;

	if (reload->file) {
		next = setting_file_read(setting_file_path(reload->file));
		if (!next || !keep_fixed(next, reload)) {
			setting_file_free(next);
			return NULL;
		}
	}
	generation = generation_read(next);
	if (!generation)
		setting_file_free(next);
	return generation;
}

/* The bearer stays, and gets the new keys. */
static void use_keys(struct reload *reload, struct generation *generation)
{
	struct bearer *next = generation->config.bearer;

	if (next && reload->bearer) {
		bearer_move_keys(reload->bearer, next);
		generation_use_bearer(generation, reload->bearer);
	} else if (next) {
		reload->bearer = next;
		reload->has_bearer = &generation->policy;
		atomic_fetch_add(&generation->policy.holders, 1);
	}
}

void reload_end(struct reload *reload)
{
	if (reload->has_bearer)
		policy_leave(reload->has_bearer);
}

/* What may fail comes first. */
static bool put_into_effect(struct reload *reload, struct generation *generation)
{
	const struct config *config = &generation->config;
	struct dm_error error = {0};

	if (dm_set_allowed_recipients(reload->handle, config->allowed_recipients, config->allowed_recipients_count,
				      &error) != DM_OK) {
		cli_fail(EXIT_FAILED, "%s", error.message);
		return false;
	}
	if (!config_limit_partners(config, reload->handle))
		return false;
	if (reload->webhooks)
		webhooks_set_options(reload->webhooks, &config->webhooks);
	log_set_level(config->log_level);
	use_keys(reload, generation);
	reload->file = generation->file;
	policies_replace(reload->policies, &generation->policy);
	return true;
}

static bool try_to_reload(struct reload *reload)
{
	struct generation *generation = read_again(reload);
	bool done = generation && put_into_effect(reload, generation);

	if (generation && !done)
		setting_use_file(reload->file);
	if (generation)
		policy_leave(&generation->policy);
	return done;
}

bool reload_settings(struct reload *reload)
{
	bool done;

	cli_log_on("the settings are not reloaded, the old ones stay: ");
	done = try_to_reload(reload);
	cli_log_on(NULL);
	atomic_store(&reload->state->failed, !done);
	if (done) {
		atomic_store(&reload->state->succeeded_at, clock_now());
		log_line(LOG_INFO, "settings reloaded");
	}
	return done;
}

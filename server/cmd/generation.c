/* SPDX-License-Identifier: MIT */
/* generation.c - all settings as they were read at one time. */
#include "generation.h"

#include "cli.h"
#include "setting_file.h"
#include "setting_values.h"

#include <stdlib.h>

static void end(struct policy *policy)
{
	struct generation *generation = (struct generation *)((char *)policy - offsetof(struct generation, policy));

	config_release(&generation->config);
	setting_file_free(generation->file);
	free(generation);
}

void generation_use_bearer(struct generation *generation, struct bearer *bearer)
{
	const struct config *config = &generation->config;

	generation->auth = (struct auth){.tokens = config->tokens,
					 .bearer = bearer,
					 .user_header = config->user_header,
					 .names_username = config->names_username,
					 .jwt_cookie = config->jwt_cookie};
	auth_init(&generation->auth);
}

static void init(struct generation *generation, struct setting_file *file)
{
	const struct config *config = &generation->config;

	generation->file = file;
	generation_use_bearer(generation, config->bearer);
	generation->policy.auth = &generation->auth;
	generation->policy.challenge = generation->auth.challenge;
	generation->policy.admin_key = config->admin_key.length > 0 ? &config->admin_key : NULL;
	generation->policy.cors = config->cors_origins.count > 0 ? &config->cors_origins : NULL;
	generation->policy.marks_on_get = config->marks_on_get;
	generation->policy.cors_credentials = auth_is_ambient(&generation->auth);
	generation->policy.send_rates = &config->send_rates;
	generation->policy.new_partners = &config->new_partners;
	generation->policy.exempt = config->allowed_recipients;
	generation->policy.exempt_count = config->allowed_recipients_count;
	generation->policy.end = end;
	atomic_init(&generation->policy.holders, 1);
}

struct generation *generation_read(struct setting_file *file)
{
	struct generation *generation = calloc(1, sizeof(*generation));
	struct setting_file *before = setting_use_file(file);
	bool good = false;

	if (!generation) {
		cli_fail(EXIT_FAILED, "out of memory for the settings; free some");
	} else {
		good = config_read(&generation->config);
		if (!good)
			config_release(&generation->config);
	}
	if (good) {
		init(generation, file);
		return generation;
	}
	free(generation);
	setting_use_file(before);
	return NULL;
}

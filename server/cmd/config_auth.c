/* SPDX-License-Identifier: MIT */
/* config_auth.c - what the settings say of authentication: which schemes are on, the keys of JWTs. */
#include "config.h"

#include "bearer.h"
#include "cli.h"
#include "key_file.h"
#include "setting_values.h"

#include <string.h>

static bool out_of_memory(void)
{
	cli_fail(EXIT_FAILED, "out of memory for the keys of JWTs; free some, then start the server again");
	return false;
}

/* A public key given for a secret: everybody has it, and could sign with it. */
static bool refuse_pem(void)
{
	cli_fail(EXIT_USAGE, "%s is a PEM block, which is no secret; put a public key into a file and give %s",
		 setting_row(SETTING_JWT_SECRET)->variable, setting_row(SETTING_JWT_KEY_FILE)->variable);
	return false;
}

/* Never prints the secret. */
static bool read_secret(struct jwt_keys *keys)
{
	struct span secret = span_from(setting_text(SETTING_JWT_SECRET));

	if (!secret.data)
		return true;
	if (strstr(secret.data, "-----BEGIN "))
		return refuse_pem();
	switch (jwt_keys_add_secret(keys, secret, NULL, NULL)) {
	case JWT_KEY_ADDED:
		return true;
	case JWT_KEY_NO_MEMORY:
		return out_of_memory();
	default:
		cli_fail(EXIT_USAGE, "%s has %zu bytes; sign with a secret of at least %d and give that",
			 setting_row(SETTING_JWT_SECRET)->variable, secret.length, JWT_MIN_SECRET);
		return false;
	}
}

static bool read_key_file(struct jwt_keys *keys)
{
	const char *path = setting_text(SETTING_JWT_KEY_FILE);
	char error[KEY_FILE_ERROR_SIZE];

	if (!path || key_file_read(path, keys, error))
		return true;
	cli_fail(EXIT_USAGE, "%s is '%.100s': %s", setting_row(SETTING_JWT_KEY_FILE)->variable, path, error);
	return false;
}

bool config_read_keys(struct jwt_keys *keys)
{
	return read_secret(keys) && read_key_file(keys);
}

static void read_rules(const struct config *config, struct bearer_options *options)
{
	options->rules = (struct jwt_rules){.issuer = setting_text(SETTING_JWT_ISSUER),
					    .audience = setting_text(SETTING_JWT_AUDIENCE),
					    .claim = setting_text(SETTING_JWT_CLAIM)};
	options->names_username = config->names_username;
}

/* A setting that would have no effect is a mistake somebody should hear of. */
static bool refuse_without_key(enum setting setting)
{
	cli_fail(EXIT_USAGE, "%s is set, but no key for JWTs is; give %s or %s as well, or leave it out",
		 setting_row(setting)->variable, setting_row(SETTING_JWT_SECRET)->variable,
		 setting_row(SETTING_JWT_KEY_FILE)->variable);
	return false;
}

static bool finish_without_keys(const struct config *config, const struct jwt_rules *rules)
{
	if (rules->issuer)
		return refuse_without_key(SETTING_JWT_ISSUER);
	if (rules->audience)
		return refuse_without_key(SETTING_JWT_AUDIENCE);
	if (config->jwt_cookie)
		return refuse_without_key(SETTING_JWT_COOKIE);
	if (config->tokens || config->user_header)
		return true;
	cli_fail(EXIT_USAGE,
		 "%s is 0 and no key for JWTs is set, so nobody could call; give %s or %s, or turn tokens on",
		 setting_row(SETTING_TOKENS)->variable, setting_row(SETTING_JWT_SECRET)->variable,
		 setting_row(SETTING_JWT_KEY_FILE)->variable);
	return false;
}

bool config_read_auth(struct config *config)
{
	struct jwt_keys keys = {0};
	struct bearer_options options = {.keys = &keys};
	bool good = setting_switch(SETTING_TOKENS, &config->tokens) && config_read_sessions(config) &&
		    config_read_keys(&keys);

	read_rules(config, &options);
	if (good && keys.count == 0)
		good = finish_without_keys(config, &options.rules);
	else if (good && !(config->bearer = bearer_new(&options)))
		good = out_of_memory();
	jwt_keys_release(&keys);
	return good;
}

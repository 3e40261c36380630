/* SPDX-License-Identifier: MIT */
/* config_auth.c - what the settings say of authentication: which schemes are on, the keys of JWTs. */
#include "config.h"

#include "bearer.h"
#include "certificates.h"
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
		 setting_name(SETTING_JWT_SECRET), setting_row(SETTING_JWT_KEY_FILE)->variable);
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
			 setting_name(SETTING_JWT_SECRET), secret.length, JWT_MIN_SECRET);
		return false;
	}
}

static bool read_key_file(struct jwt_keys *keys)
{
	const char *path = setting_text(SETTING_JWT_KEY_FILE);
	char error[KEY_FILE_ERROR_SIZE];

	if (!path || key_file_read(path, keys, error))
		return true;
	cli_fail(EXIT_USAGE, "%s is '%.100s': %s", setting_name(SETTING_JWT_KEY_FILE), path, error);
	return false;
}

bool config_read_keys(struct jwt_keys *keys)
{
	return read_secret(keys) && read_key_file(keys);
}

/* An empty one would mean any, where somebody has forgotten to fill it in. */
static bool read_filled(enum setting setting, const char **text)
{
	*text = setting_text(setting);
	return !*text || **text || setting_refuse(setting);
}

static bool refuse_create(void)
{
	cli_fail(EXIT_USAGE,
		 "%s is 1, but a JWT gives an id, and users are made by name; set %s to username, or leave it out",
		 setting_row(SETTING_JWT_CREATE)->variable, setting_row(SETTING_JWT_USER)->variable);
	return false;
}

static bool read_rules(const struct config *config, struct bearer_options *options)
{
	options->rules.claim = setting_text(SETTING_JWT_CLAIM);
	options->names_username = config->names_username;
	return read_filled(SETTING_JWT_ISSUER, &options->rules.issuer) &&
	       read_filled(SETTING_JWT_AUDIENCE, &options->rules.audience) &&
	       setting_switch(SETTING_JWT_CREATE, &options->creates_users) &&
	       (!options->creates_users || options->names_username || refuse_create());
}

/* A setting that would have no effect is a mistake somebody should hear of. */
static bool refuse_alone(enum setting setting)
{
	cli_fail(EXIT_USAGE, "%s is set, but no key for JWTs is; give %s, %s or %s as well, or leave it out",
		 setting_name(setting), setting_row(SETTING_JWT_SECRET)->variable,
		 setting_row(SETTING_JWT_KEY_FILE)->variable, setting_row(SETTING_JWT_JWKS_URL)->variable);
	return false;
}

static bool finish_without_keys(const struct config *config, const struct bearer_options *options)
{
	if (options->rules.issuer)
		return refuse_alone(SETTING_JWT_ISSUER);
	if (options->rules.audience)
		return refuse_alone(SETTING_JWT_AUDIENCE);
	if (options->creates_users)
		return refuse_alone(SETTING_JWT_CREATE);
	if (config->jwt_cookie)
		return refuse_alone(SETTING_JWT_COOKIE);
	if (config->tokens || config->user_header)
		return true;
	cli_fail(EXIT_USAGE,
		 "%s is 0 and no key for JWTs is set, so nobody could call; give %s, %s, %s or %s, or turn tokens on",
		 setting_row(SETTING_TOKENS)->variable, setting_row(SETTING_JWT_SECRET)->variable,
		 setting_row(SETTING_JWT_KEY_FILE)->variable, setting_row(SETTING_JWT_JWKS_URL)->variable,
		 setting_row(SETTING_TRUST_USER_HEADER)->variable);
	return false;
}

/* Such keys sign for whatever else their issuer serves, too. */
static bool refuse_without_audience(void)
{
	cli_fail(EXIT_USAGE, "%s is set without %s, so JWTs for other services would be accepted; give that as well",
		 setting_row(SETTING_JWT_JWKS_URL)->variable, setting_row(SETTING_JWT_AUDIENCE)->variable);
	return false;
}

static bool read_jwks_options(struct jwks_options *jwks, const struct jwt_rules *rules)
{
	jwks->url = setting_text(SETTING_JWT_JWKS_URL);
	jwks->ca_file = setting_text(SETTING_JWT_JWKS_CA_FILE);
	if (!jwks->url && jwks->ca_file) {
		cli_fail(EXIT_USAGE, "%s is set, but %s is not; give that as well, or leave it out",
			 setting_row(SETTING_JWT_JWKS_CA_FILE)->variable, setting_row(SETTING_JWT_JWKS_URL)->variable);
		return false;
	}
	if (jwks->url && !jwks_url_is_valid(jwks->url))
		return setting_refuse(SETTING_JWT_JWKS_URL);
	if (jwks->ca_file && !holds_certificates(jwks->ca_file))
		return setting_refuse(SETTING_JWT_JWKS_CA_FILE);
	return !jwks->url || rules->audience || refuse_without_audience();
}

bool config_read_auth(struct config *config)
{
	struct jwt_keys keys = {0};
	struct bearer_options options = {.keys = &keys};
	bool good = setting_switch(SETTING_TOKENS, &config->tokens) && config_read_sessions(config) &&
		    read_rules(config, &options) && read_jwks_options(&config->jwks, &options.rules) &&
		    config_read_keys(&keys);

	options.fetches_keys = config->jwks.url != NULL;
	if (good && keys.count == 0 && !options.fetches_keys)
		good = finish_without_keys(config, &options);
	else if (good && !(config->bearer = bearer_new(&options)))
		good = out_of_memory();
	jwt_keys_release(&keys);
	return good;
}

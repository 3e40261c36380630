/* SPDX-License-Identifier: MIT */
/* config_sessions.c - what the settings say of what browsers send by themselves: the header of a proxy that
 * authenticates, and a JWT in a cookie. */
#include "config.h"

#include "cli.h"
#include "listen.h"
#include "setting_values.h"
#include "user_header.h"

#include <string.h>

static bool read_user(struct config *config)
{
	const char *user = setting_text(SETTING_JWT_USER);

	config->names_username = strcmp(user, "username") == 0;
	return config->names_username || strcmp(user, "id") == 0 || setting_refuse(SETTING_JWT_USER);
}

/* Whoever reaches the address can be anybody. */
static bool refuse_address(const struct config *config)
{
	cli_fail(EXIT_USAGE,
		 "%s is set, and other machines may reach %.100s; give --%s unix:PATH or a loopback address",
		 setting_name(SETTING_TRUST_USER_HEADER), config->listen, setting_row(SETTING_LISTEN)->flag);
	return false;
}

static bool read_user_header(struct config *config)
{
	const struct setting_row *row = setting_row(SETTING_TRUST_USER_HEADER);
	const char *problem;

	config->user_header = setting_text(SETTING_TRUST_USER_HEADER);
	if (!config->user_header)
		return true;
	problem = user_header_wrong_name(span_from(config->user_header));
	if (problem) {
		cli_fail(EXIT_USAGE, "%s is '%.64s', which %s; give %s", row->variable, config->user_header, problem,
			 row->values);
		return false;
	}
	return http_listener_address_is_local(config->listen) || refuse_address(config);
}

static bool read_jwt_cookie(struct config *config)
{
	config->jwt_cookie = setting_text(SETTING_JWT_COOKIE);
	return !config->jwt_cookie || span_is_token(span_from(config->jwt_cookie)) ||
	       setting_refuse(SETTING_JWT_COOKIE);
}

/* A page that the browser sends cookies for can do all that its visitor can. */
static bool check_origins(const struct config *config)
{
	if (!config->cors_origins.is_any || (!config->user_header && !config->jwt_cookie))
		return true;
	cli_fail(EXIT_USAGE,
		 "%s is *, and with %s every page could act for its visitors; list the origins of your pages",
		 setting_name(SETTING_CORS_ORIGINS),
		 setting_row(config->user_header ? SETTING_TRUST_USER_HEADER : SETTING_JWT_COOKIE)->variable);
	return false;
}

bool config_read_sessions(struct config *config)
{
	return read_user(config) && read_user_header(config) && read_jwt_cookie(config) && check_origins(config);
}

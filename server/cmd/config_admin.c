/* SPDX-License-Identifier: MIT */
/* config_admin.c - what the settings say of administration: its key. */
#include "config.h"

#include "cli.h"
#include "setting_values.h"

static bool refuse(enum setting setting, const char *problem)
{
	cli_fail(EXIT_USAGE, "%s %s", setting_name(setting), problem);
	return false;
}

/* Never prints the key. */
bool config_read_admin(struct config *config)
{
	const char *key = setting_text(SETTING_ADMIN_KEY), *path = setting_text(SETTING_ADMIN_KEY_FILE), *problem;
	enum setting given = key ? SETTING_ADMIN_KEY : SETTING_ADMIN_KEY_FILE;

	if (!key && !path)
		return true;
	if (key && path)
		return refuse(SETTING_ADMIN_KEY, "and DIRECTMESSAGES_ADMIN_KEY_FILE are both set; give one of them");
	problem = key ? admin_key_set(&config->admin_key, span_from(key)) : admin_key_read(&config->admin_key, path);
	if (problem)
		return refuse(given, problem);
	if (!config->admin_listen)
		return refuse(given, "is set, but administration is served at an address of its own only; give "
				     "DIRECTMESSAGES_ADMIN_LISTEN as well, or leave the key out");
	return true;
}

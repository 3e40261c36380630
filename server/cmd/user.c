/* SPDX-License-Identifier: MIT */
/* user.c - user create, list, activate, deactivate. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_MOST 4096

/* One line of standard input, without its end; false where there is none or it is too long. */
static bool read_password(char password[PASSWORD_MOST])
{
	size_t length;

	if (!fgets(password, PASSWORD_MOST, stdin))
		return false;
	length = strlen(password);
	if (length > 0 && password[length - 1] == '\n')
		password[--length] = '\0';
	else if (length == PASSWORD_MOST - 1)
		return false;
	return length > 0;
}

int user_create_run(const struct command *command, int argc, char **argv)
{
	const char *email = NULL, *first_name = NULL, *last_name = NULL;
	bool password_stdin = false;
	const struct cli_flag flags[] = {
		{"email", "ADDRESS", "e-mail address", &email, NULL},
		{"first-name", "NAME", "first name", &first_name, NULL},
		{"last-name", "NAME", "last name", &last_name, NULL},
		{"password-stdin", NULL, "read a password from standard input (without: none)", NULL, &password_stdin},
	};
	struct dm_error error = {0};
	struct dm_new_user user;
	char password[PASSWORD_MOST];
	char **words;
	int64_t id;
	int status;
	dm *handle;

	if (!cli_parse(command, argc, argv, flags, ARRAY_LENGTH(flags), 1, 1, &words, &status))
		return status;
	if (password_stdin && !read_password(password))
		return cli_fail(EXIT_FAILED,
				"standard input holds no password of at most %d bytes; give one, in one line",
				PASSWORD_MOST - 2);
	handle = cli_open(NULL, false, &status);
	if (!handle)
		return status;
	user = (struct dm_new_user){cli_text(words[0]), cli_text(email), cli_text(first_name), cli_text(last_name),
				    password_stdin ? cli_text(password) : (struct dm_text){NULL, 0}};
	if (dm_user_create(handle, &user, &id, &error) == DM_OK)
		printf("created user %s with id %lld\n", words[0], (long long)id);
	else
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	dm_close(handle);
	return error.status == DM_OK ? EXIT_SUCCESS : status;
}

static bool print_user(void *context, const struct dm_user *user)
{
	const struct dm_text fields[] = {user->email, user->first_name, user->last_name};

	(void)context;
	printf("%lld\t", (long long)user->id);
	cli_print_field(user->username);
	printf("\t%s", user->is_active ? "yes" : "no");
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
		putchar('\t');
		cli_print_field(fields[i]);
	}
	putchar('\n');
	return true;
}

int user_list_run(const struct command *command, int argc, char **argv)
{
	struct dm_error error = {0};
	char **words;
	int status;
	dm *handle;

	handle = cli_begin(command, argc, argv, 0, &words, &status);
	if (!handle)
		return status;
	puts("id\tusername\tactive\temail\tfirst name\tlast name");
	status = EXIT_SUCCESS;
	if (dm_users(handle, print_user, NULL, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	dm_close(handle);
	return status;
}

static int set_active(const struct command *command, int argc, char **argv, bool active)
{
	struct dm_error error = {0};
	char **words;
	int status;
	dm *handle;

	handle = cli_begin(command, argc, argv, 1, &words, &status);
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_user_set_active(handle, cli_text(words[0]), active, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s%s", error.message,
				  error.status == DM_NOT_FOUND ? "; see 'directmessages user list'" : "");
	else
		printf("user %s is now %s\n", words[0], active ? "active" : "inactive");
	dm_close(handle);
	return status;
}

int user_activate_run(const struct command *command, int argc, char **argv)
{
	return set_active(command, argc, argv, true);
}

int user_deactivate_run(const struct command *command, int argc, char **argv)
{
	return set_active(command, argc, argv, false);
}

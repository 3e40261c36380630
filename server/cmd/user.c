/* SPDX-License-Identifier: MIT */
/* user.c - user create, list, activate, deactivate. */
#include "cli.h"
#include "cli_user.h"
#include "database.h"
#include "shapes.h"
#include "subcommands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_SIZE 4096

/* Reads one line of standard input, without its line end. False: there is none, it is empty, or it is too long. */
static bool read_password(char password[PASSWORD_SIZE])
{
	size_t length;

	if (!fgets(password, PASSWORD_SIZE, stdin))
		return false;
	length = strlen(password);
	if (length > 0 && password[length - 1] == '\n')
		password[--length] = '\0';
	else if (length == PASSWORD_SIZE - 1)
		return false;
	return length > 0;
}

static int print_created(dm *handle, const struct arguments *arguments, int64_t id)
{
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};

	if (!rows.json) {
		printf("created user %s with id %lld\n", arguments->words[0], (long long)id);
		return EXIT_SUCCESS;
	}
	if (dm_user_by_id(handle, id, cli_print_user, &rows, &error) != DM_OK)
		return cli_fail(EXIT_FAILED,
				"user %lld is created, but can't be shown (%s); see 'directmessages user list'",
				(long long)id, error.message);
	return cli_rows_status(&rows);
}

int user_create_run(const struct arguments *arguments)
{
	bool has_password = arguments_value(arguments, "password-stdin") != NULL;
	struct dm_error error = {0};
	struct dm_new_user user;
	char password[PASSWORD_SIZE];
	int64_t id;
	int status;
	dm *handle;

	if (has_password && !read_password(password))
		return cli_fail(EXIT_FAILED,
				"standard input must hold a password of 1 to %d bytes; give one, in one line",
				PASSWORD_SIZE - 2);
	handle = database_open(&status);
	if (!handle)
		return status;
	user = (struct dm_new_user){
		.size = sizeof(user),
		.username = dm_text_of(arguments->words[0]),
		.email = dm_text_of(arguments_value(arguments, "email")),
		.first_name = dm_text_of(arguments_value(arguments, "first-name")),
		.last_name = dm_text_of(arguments_value(arguments, "last-name")),
		.password = dm_text_of(has_password ? password : NULL),
	};
	if (dm_user_create(handle, &user, &id, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	else
		status = print_created(handle, arguments, id);
	dm_close(handle);
	return status;
}

bool cli_print_user(void *context, const struct dm_user *user)
{
	const struct dm_text fields[] = {user->email, user->first_name, user->last_name};
	struct cli_rows *rows = context;
	struct buffer line;

	if (rows->json) {
		buffer_init(&line, SIZE_MAX);
		shape_user(&line, user);
		return cli_print_json(rows, &line);
	}
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

void cli_begin_users(const struct cli_rows *rows)
{
	if (!rows->json)
		puts("id\tusername\tactive\temail\tfirst name\tlast name");
}

int user_list_run(const struct arguments *arguments)
{
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	cli_begin_users(&rows);
	if (dm_users(handle, cli_print_user, &rows, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s; what was printed is not all", error.message);
	else
		status = cli_rows_status(&rows);
	dm_close(handle);
	return status;
}

int cli_fail_user(const struct dm_error *error)
{
	return cli_fail(EXIT_FAILED, "%s%s", error->message,
			error->status == DM_NOT_FOUND ? "; see 'directmessages user list'" : "");
}

static int set_active(const struct arguments *arguments, bool active)
{
	struct dm_error error = {0};
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_user_set_active(handle, dm_text_of(arguments->words[0]), active, &error) != DM_OK)
		status = cli_fail_user(&error);
	else
		printf("user %s is now %s\n", arguments->words[0], active ? "active" : "inactive");
	dm_close(handle);
	return status;
}

int user_activate_run(const struct arguments *arguments)
{
	return set_active(arguments, true);
}

int user_deactivate_run(const struct arguments *arguments)
{
	return set_active(arguments, false);
}

/* SPDX-License-Identifier: MIT */
/* backup.c - backup, restore: of a database on SQLite. Those of PostgreSQL are named to whoever asks for it. */
#include "cli.h"
#include "database.h"
#include "setting_values.h"
#include "subcommands.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB (1 << 20)

/* ---- what is shown meanwhile, and how it is ended -------------------------------------------------------------- */

static atomic_bool is_ended;

static void on_signal(int number)
{
	(void)number;
	atomic_store(&is_ended, true);
}

/* The library removes what is not finished; then the process ends as it would have. */
static void listen_to_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGXFSZ, SIG_IGN); /* a limit of the size of files is a failure like a full disk */
}

/* On a terminal, one line that is written again and again. */
static bool show_progress(void *context, int64_t done, int64_t all)
{
	(void)context;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%lld of %lld MiB%s", (long long)(done / MIB), (long long)(all / MIB),
			done == all ? "\n" : "");
	return !atomic_load(&is_ended);
}

/* ---- PostgreSQL ---------------------------------------------------------------------------------------------- */

/* Prints the text as one word of a shell's. */
static void quote(char *to, size_t size, const char *text)
{
	size_t length = 0;

	to[length++] = '\'';
	for (; *text && length + 6 < size; text++) {
		if (*text == '\'') {
			memcpy(to + length, "'\\''", 4);
			length += 4;
		} else {
			to[length++] = *text;
		}
	}
	to[length++] = '\'';
	to[length] = '\0';
}

static bool is_on_postgres(void)
{
	return strncmp(setting_text(SETTING_DATABASE), "postgres", strlen("postgres")) == 0;
}

/* Says by which command the database on PostgreSQL is backed up or restored. `command` lacks the file and the URL;
 * `then` follows them. */
static int name_tool(const char *what, const char *command, const char *file, const char *then)
{
	char url[400], name[400];
	struct dm_stats stats = DM_STATS_INIT;
	int status;
	dm *handle = database_open_unchecked(NULL, false, &status);

	if (!handle)
		return status;
	dm_stats(handle, &stats);
	quote(url, sizeof(url), stats.database);
	quote(name, sizeof(name), file);
	cli_fail(EXIT_USAGE, "a database on PostgreSQL is %s; run: %s %s --dbname=%s%s", what, command, name, url,
		 then);
	dm_close(handle);
	return EXIT_USAGE;
}

/* ---- the commands -------------------------------------------------------------------------------------------- */

static int status_of(enum dm_status status)
{
	return status == DM_INVALID || status == DM_EXISTS ? EXIT_USAGE : EXIT_FAILED;
}

int backup_run(const struct arguments *arguments)
{
	const char *file = arguments->words[0];
	struct dm_backup backup = {
		.size = sizeof(backup),
		.file = file,
		.replace = arguments_value(arguments, "force") != NULL,
		.check = arguments_value(arguments, "check") != NULL,
		.full_speed = arguments_value(arguments, "full-speed") != NULL,
		.on_progress = show_progress,
	};
	struct dm_error error = {0};
	int64_t bytes;
	int status;
	dm *handle;

	if (is_on_postgres())
		return name_tool("backed up by its own tool", "pg_dump --format=custom --file", file, "");
	if (strcmp(file, "-") == 0)
		return cli_fail(EXIT_USAGE, "a backup is a file that is checked before it gets its name; name a file");
	handle = database_open_unchecked(NULL, false, &status);
	if (!handle)
		return status;
	listen_to_signals();
	status = EXIT_SUCCESS;
	if (dm_backup(handle, &backup, &bytes, &error) == DM_OK)
		printf("backed up %lld bytes to %s%s\n", (long long)bytes, file, backup.check ? ", checked" : "");
	else
		status = cli_fail(status_of(error.status), "%s", error.message);
	dm_close(handle);
	return status;
}

int restore_run(const struct arguments *arguments)
{
	const char *file = arguments->words[0];
	struct dm_restore restore = {
		.size = sizeof(restore),
		.database = setting_text(SETTING_DATABASE),
		.file = file,
		.on_progress = show_progress,
	};
	struct dm_error error = {0};
	char *kept = NULL;

	if (is_on_postgres())
		return name_tool("restored by its own tool while no server runs", "pg_restore --clean --if-exists",
				 file, " && directmessages migrate --new-epoch");
	listen_to_signals();
	if (dm_restore(&restore, &kept, &error) != DM_OK)
		return cli_fail(status_of(error.status), "%s", error.message);
	printf("restored %s\n", file);
	if (kept)
		printf("the database from before is %s; remove it when it is no longer needed\n", kept);
	free(kept);
	return EXIT_SUCCESS;
}

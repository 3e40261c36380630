/* SPDX-License-Identifier: MIT */
/* people.c - user erase, export: one person's data. */
#include "cli.h"
#include "database.h"
#include "progress.h"
#include "subcommands.h"

#include "buffer.h"
#include "shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- erase --------------------------------------------------------------------------------------------------- */

static bool read_mode(const struct arguments *arguments, enum dm_erase_messages *messages)
{
	static const char *const words[] = {
		[DM_ERASE_BLANK] = "blank", [DM_ERASE_DELETE] = "delete", [DM_ERASE_KEEP] = "keep"};
	const char *word = arguments_value(arguments, "messages");

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (!word || strcmp(word, words[i]) == 0) {
			*messages = (enum dm_erase_messages)i;
			return true;
		}
	cli_fail(EXIT_USAGE, "--messages is '%.40s'; give blank, delete or keep", word);
	return false;
}

static bool show_erased(void *progress, const struct dm_erased *erased)
{
	progress_show(progress, erased->blanked + erased->hidden + erased->deleted, "messages erased");
	return true;
}

/* Asks on the terminal. False after the error was printed. */
static bool is_confirmed(const char *name, enum dm_erase_messages messages)
{
	static const char *const what[] = {
		[DM_ERASE_BLANK] = "empties all messages that they sent",
		[DM_ERASE_DELETE] = "deletes all messages from and to them, for their partners too",
		[DM_ERASE_KEEP] = "keeps their messages",
	};
	char line[256] = "";

	if (!isatty(STDIN_FILENO)) {
		cli_fail(EXIT_FAILED,
			 "this can't be undone, and nobody can be asked: standard input is no terminal; give "
			 "--yes");
		return false;
	}
	fprintf(stderr, "This erases the user %s, %s, and can't be undone.\nType the user's name to go on: ", name,
		what[messages]);
	if (fgets(line, sizeof(line), stdin) && strcspn(line, "\n") == strlen(name) &&
	    strncmp(line, name, strlen(name)) == 0)
		return true;
	cli_fail(EXIT_FAILED, "that is another name, and nothing was changed; type the name as it is");
	return false;
}

static int erase(dm *handle, int64_t user_id, const char *name, enum dm_erase_messages messages)
{
	struct progress progress = {.last = 0};
	struct dm_erased erased;
	struct dm_error error = {0};
	enum dm_status status = dm_user_erase(handle, user_id, messages, show_erased, &progress, &erased, &error);

	progress_end(&progress);
	if (status != DM_OK)
		return cli_fail(EXIT_FAILED, "%s; then run this again: it does what is left", error.message);
	printf("erased %s, who is now erased-%lld: %lld messages blanked, %lld hidden, %lld deleted\n", name,
	       (long long)user_id, (long long)erased.blanked, (long long)erased.hidden, (long long)erased.deleted);
	return EXIT_SUCCESS;
}

int user_erase_run(const struct arguments *arguments)
{
	const char *name = arguments->words[0];
	enum dm_erase_messages messages;
	struct dm_error error = {0};
	int64_t user_id;
	int status;
	dm *handle;

	if (!read_mode(arguments, &messages))
		return EXIT_USAGE;
	handle = database_open(&status);
	if (!handle)
		return status;
	if (dm_user_id_by_name(handle, dm_text_of(name), &user_id, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages user list'", error.message);
	else if (!arguments_value(arguments, "yes") && !is_confirmed(name, messages))
		status = EXIT_FAILED;
	else
		status = erase(handle, user_id, name, messages);
	dm_close(handle);
	return status;
}

/* ---- export -------------------------------------------------------------------------------------------------- */

struct exporting {
	struct buffer line;
	int64_t user_id;
	bool failed;
};

static bool print_line(struct exporting *exporting)
{
	exporting->failed |= exporting->line.failed ||
			     fwrite(exporting->line.data, 1, exporting->line.length, stdout) != exporting->line.length;
	exporting->line.length = 0;
	return !exporting->failed;
}

static bool export_user(void *context, const struct dm_user *user)
{
	struct exporting *exporting = context;

	exporting->user_id = user->id;
	shape_exported_user(&exporting->line, user);
	return print_line(exporting);
}

static bool export_block(void *context, const struct dm_blocked *blocked)
{
	struct exporting *exporting = context;

	shape_exported_block(&exporting->line, blocked);
	return print_line(exporting);
}

static bool export_message(void *context, const struct dm_stored_message *message)
{
	struct exporting *exporting = context;

	shape_exported_message(&exporting->line, message, exporting->user_id);
	return print_line(exporting);
}

int user_export_run(const struct arguments *arguments)
{
	struct exporting exporting = {.user_id = 0};
	struct dm_error error = {0};
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	buffer_init(&exporting.line, SIZE_MAX);
	if (dm_user_by_name(handle, dm_text_of(arguments->words[0]), export_user, &exporting, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages user list'", error.message);
	else if (dm_blocks(handle, exporting.user_id, export_block, &exporting, &error) != DM_OK ||
		 dm_user_messages(handle, exporting.user_id, export_message, &exporting, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s; what was printed is not all", error.message);
	if (status == EXIT_SUCCESS && (exporting.failed || fflush(stdout) != 0))
		status = cli_fail(EXIT_FAILED,
				  "the export could not be written; make room where it goes, then run it again");
	buffer_release(&exporting.line);
	dm_close(handle);
	return status;
}

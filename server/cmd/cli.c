/* SPDX-License-Identifier: MIT */
/* cli.c - what every subcommand needs. */
#include "cli.h"

#include "log.h"
#include "span.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS_MOST 16
#define DEFAULT_DATABASE "sqlite:///directmessages.db"

static const char *database;

int cli_fail(int status, const char *format, ...)
{
	char line[1024], text[sizeof(line) + 32];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (char *c = line; *c; c++) /* what it quotes must not make a second line of it */
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			*c = '?';
	log_text(text, (size_t)snprintf(text, sizeof(text), "directmessages: %s\n", line));
	return status;
}

/* NULL where the variable is not set, or empty. */
static const char *environment(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value ? value : NULL;
}

const char *cli_database(void)
{
	const char *url = database ? database : environment("DATABASE_URL");

	return url ? url : DEFAULT_DATABASE;
}

void cli_set_database(const char *url)
{
	database = url;
}

static void print_help(const struct command *command, const struct cli_flag *flags, size_t count)
{
	printf("usage: directmessages [--database URL] %s%s%s %s\n\n%s\n\n", command->group ? command->group : "",
	       command->group ? " " : "", command->name, command->arguments, command->summary);
	for (size_t i = 0; i < count; i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", flags[i].name, flags[i].argument ? " " : "",
			 flags[i].argument ? flags[i].argument : "");
		printf("  %-26s %s\n", left, flags[i].help);
	}
	printf("  %-26s %s\n", "--database URL", "sqlite:///relative.db, sqlite:////absolute.db or");
	printf("  %-26s %s\n", "", "postgresql://user@host:port/database (DATABASE_URL;");
	printf("  %-26s %s\n", "", "default " DEFAULT_DATABASE ")");
	printf("  %-26s %s\n", "--help", "this text");
}

static int usage(const struct command *command, const char *what, const char *which)
{
	return cli_fail(EXIT_USAGE, "%s%s; see 'directmessages %s%s%s --help'", what, which,
			command->group ? command->group : "", command->group ? " " : "", command->name);
}

static void take_flag(const struct cli_flag *flag, const char *argument)
{
	if (flag->argument)
		*flag->value = argument;
	else
		*flag->on = true;
}

bool cli_parse(const struct command *command, int argc, char **argv, const struct cli_flag *flags, size_t flags_count,
	       int least, int most, char ***words, int *status)
{
	struct option options[FLAGS_MOST + 3] = {0};
	int index, code;

	for (size_t i = 0; i < flags_count; i++)
		options[i] =
			(struct option){flags[i].name, flags[i].argument ? required_argument : no_argument, NULL, 'f'};
	options[flags_count] = (struct option){"database", required_argument, NULL, 'd'};
	options[flags_count + 1] = (struct option){"help", no_argument, NULL, 'h'};
	optind = 0; /* GNU: start anew, and let flags stand behind words */
	while ((code = getopt_long(argc, argv, ":h", options, &index)) != -1) {
		if (code == 'f') {
			take_flag(&flags[index], optarg);
		} else if (code == 'd') {
			cli_set_database(optarg);
		} else if (code == 'h') {
			print_help(command, flags, flags_count);
			*status = EXIT_SUCCESS;
			return false;
		} else {
			const char shown[] = {'-', (char)optopt, '\0'};
			bool is_short = optopt > ' ' && optopt < 0x7F && optopt != 'f' && optopt != 'd';

			*status = usage(command, code == ':' ? "a value is missing behind " : "unknown or wrong flag ",
					is_short ? shown : argv[optind - 1]);
			return false;
		}
	}
	if (argc - optind < least || argc - optind > most) {
		*status = usage(command, argc - optind < least ? "an argument is missing" : "too many arguments", "");
		return false;
	}
	*words = argv + optind;
	return true;
}

/* DIRECTMESSAGES_PREPARED, which every command heeds. */
static bool read_prepared(struct dm_options *options, int *status)
{
	const char *value = environment("DIRECTMESSAGES_PREPARED");

	options->unprepared = value && strcmp(value, "0") == 0;
	if (!value || options->unprepared || strcmp(value, "1") == 0)
		return true;
	*status = cli_fail(EXIT_USAGE, "DIRECTMESSAGES_PREPARED is '%.100s'; give 0 or 1", value);
	return false;
}

dm *cli_open_only(const struct dm_options *given, bool create, int *status)
{
	struct dm_options options = given ? *given : (struct dm_options){0};
	struct dm_error error = {0};
	dm *handle;

	options.database = cli_database();
	options.create = create;
	options.user_table = (struct dm_user_table){
		.table = environment("DIRECTMESSAGES_USER_TABLE"),
		.id = environment("DIRECTMESSAGES_USER_ID"),
		.username = environment("DIRECTMESSAGES_USER_USERNAME"),
		.first_name = environment("DIRECTMESSAGES_USER_FIRST_NAME"),
		.last_name = environment("DIRECTMESSAGES_USER_LAST_NAME"),
		.email = environment("DIRECTMESSAGES_USER_EMAIL"),
		.is_active = environment("DIRECTMESSAGES_USER_IS_ACTIVE"),
	};
	if (!read_prepared(&options, status))
		return NULL;
	*status = EXIT_FAILED;
	if (dm_open(&options, &handle, &error) != DM_OK) {
		*status = cli_fail(error.status == DM_INVALID ? EXIT_USAGE : EXIT_FAILED, "%s", error.message);
		return NULL;
	}
	return handle;
}

dm *cli_open(const struct dm_options *options, bool create, int *status)
{
	struct dm_error error = {0};
	dm *handle = cli_open_only(options, create, status);

	if (!handle)
		return NULL;
	*status = EXIT_FAILED;
	if (!create && dm_check_schema(handle, &error) != DM_OK) {
		cli_fail(EXIT_FAILED, "%s", error.message);
		dm_close(handle);
		return NULL;
	}
	return handle;
}

dm *cli_begin(const struct command *command, int argc, char **argv, int words_count, char ***words, int *status)
{
	if (!cli_parse(command, argc, argv, NULL, 0, words_count, words_count, words, status))
		return NULL;
	return cli_open(NULL, false, status);
}

bool cli_number(const char *text, int64_t least, int64_t most, int64_t *number)
{
	return span_to_int64(span_from(text), number) && *number >= least && *number <= most;
}

struct dm_text cli_text(const char *text)
{
	return (struct dm_text){text, text ? strlen(text) : 0};
}

void cli_print_field(struct dm_text text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '\n')
			fputs("\\n", stdout);
		else if (c == '\t')
			fputs("\\t", stdout);
		else if (c == '\\')
			fputs("\\\\", stdout);
		else if (c < 0x20 || c == 0x7F)
			printf("\\x%02x", c);
		else if (c == 0xC2 && i + 1 < text.length &&
			 (unsigned char)text.data[i + 1] < 0xA0) /* U+0080 to U+009F */
			printf("\\x%02x", (unsigned char)text.data[++i]);
		else
			putchar(c);
	}
}

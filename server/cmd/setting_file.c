/* SPDX-License-Identifier: MIT */
/* setting_file.c - the configuration file: settings as NAME=VALUE lines. */
#include "setting_file.h"

#include "cli.h"
#include "env_lines.h"
#include "setting_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILE_BYTES (1 << 20)
#define TOO_LARGE "it has more than 1 MiB; give a file of settings"
#define OUT_OF_MEMORY "there is no memory for it; free some"

struct setting_file {
	char *path;
	struct value {
		char *text; /* NULL: the file does not have it */
		size_t line;
	} values[SETTING_COUNT];
};

static bool refuse(const char *path, const char *what)
{
	cli_fail(EXIT_USAGE, "the configuration file '%.200s': %s", path, what);
	return false;
}

static bool refuse_line(const char *path, size_t line, const char *what)
{
	cli_fail(EXIT_USAGE, "%.200s, line %zu: %s", path, line, what);
	return false;
}

/* It may be a secret. */
static void free_text(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void setting_file_free(struct setting_file *file)
{
	for (size_t i = 0; file && i < SETTING_COUNT; i++)
		free_text(file->values[i].text);
	if (file)
		free(file->path);
	free(file);
}

/* Whether nobody else may see the value: it is a secret, or a URL with a password. */
static bool is_secret(enum setting setting, const char *value)
{
	const char *user = strstr(value, "://"), *host;

	if ((setting != SETTING_DATABASE && setting != SETTING_READ_URL) || !user)
		return setting_row(setting)->is_secret;
	user += 3;
	host = memchr(user, '@', strcspn(user, "/?"));
	return strstr(value, "password=") || (host && memchr(user, ':', (size_t)(host - user)));
}

static bool put(struct setting_file *file, enum setting setting, const char *text, size_t line)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return false;
	free_text(file->values[setting].text);
	file->values[setting] = (struct value){copy, line};
	return true;
}

static bool read_entry(struct setting_file *file, const struct env_entry *entry, bool everybody_reads)
{
	enum setting setting = setting_by_name(entry->name);
	char nearest[SETTING_NEAREST_SIZE];

	if (setting == SETTING_CONFIG) {
		cli_warn("%.200s, line %zu: %s has no effect in a configuration file; leave it out", file->path,
			 entry->line, entry->name);
		return true;
	}
	if (!setting) {
		setting_format_nearest(entry->name, nearest);
		cli_warn("%.200s, line %zu: there is no setting %.100s; %s", file->path, entry->line, entry->name,
			 nearest);
		return true;
	}
	if (everybody_reads && is_secret(setting, entry->value))
		return refuse_line(file->path, entry->line,
				   "it holds a secret and everybody may read the file; take that right away (chmod "
				   "o-rwx)");
	return put(file, setting, entry->value, entry->line) || refuse(file->path, OUT_OF_MEMORY);
}

static bool read_entries(struct setting_file *file, char *text, bool everybody_reads)
{
	struct env_lines lines;
	struct env_entry entry;
	const char *problem;
	bool good = true;

	env_lines_begin(&lines, text);
	while (good && env_lines_next(&lines, &entry, &problem))
		good = read_entry(file, &entry, everybody_reads);
	return good && (!problem || refuse_line(file->path, entry.line, problem));
}

static bool read_text(struct setting_file *file, FILE *stream, char *text, bool everybody_reads)
{
	size_t length = fread(text, 1, MAX_FILE_BYTES + 1, stream);
	bool good;

	text[length <= MAX_FILE_BYTES ? length : 0] = '\0';
	if (ferror(stream))
		good = refuse(file->path, "it can't be read; give a file that this user may read");
	else if (length > MAX_FILE_BYTES)
		good = refuse(file->path, TOO_LARGE);
	else if (strlen(text) < length)
		good = refuse(file->path, "it holds a NUL; give a file of text");
	else
		good = read_entries(file, text, everybody_reads);
	explicit_bzero(text, MAX_FILE_BYTES + 1);
	return good;
}

static bool read_stream(struct setting_file *file, FILE *stream)
{
	struct stat status;
	char *text;
	bool good;

	if (fstat(fileno(stream), &status) != 0 || !S_ISREG(status.st_mode))
		return refuse(file->path, "it is not a file; give the path of one");
	text = malloc(MAX_FILE_BYTES + 1);
	if (!text)
		return refuse(file->path, OUT_OF_MEMORY);
	good = read_text(file, stream, text, (status.st_mode & S_IROTH) != 0);
	free(text);
	return good;
}

struct setting_file *setting_file_read(const char *path)
{
	struct setting_file *file = calloc(1, sizeof(*file));
	FILE *stream = NULL;
	bool good = file && (file->path = strdup(path));

	if (!good)
		good = refuse(path, OUT_OF_MEMORY);
	else if (!(stream = fopen(path, "re")))
		cli_fail(EXIT_USAGE,
			 "the configuration file '%.200s' can't be opened (%s); give a file that this user "
			 "may read",
			 path, strerror(errno));
	if (stream) {
		good = read_stream(file, stream);
		fclose(stream);
	}
	if (stream && good)
		return file;
	setting_file_free(file);
	return NULL;
}

const char *setting_file_value(const struct setting_file *file, enum setting setting)
{
	return file->values[setting].text;
}

size_t setting_file_line(const struct setting_file *file, enum setting setting)
{
	return file->values[setting].line;
}

const char *setting_file_path(const struct setting_file *file)
{
	return file->path;
}

bool setting_file_keep(struct setting_file *file, const struct setting_file *other, enum setting setting)
{
	return put(file, setting, other->values[setting].text, other->values[setting].line);
}

/* SPDX-License-Identifier: MIT */
/* prose.h - what the manual page and the pages of documentation say around the tables of settings and commands.
 * Paragraphs have an empty line between them, `code` stands between backquotes. */
#ifndef PROSE_H
#define PROSE_H

#define PROSE_PROGRAM \
	"`directmessages` stores private messages between users, in one SQLite file or in PostgreSQL, and serves them " \
	"over HTTP."

#define PROSE_SETTINGS \
	"A flag wins over its environment variable, and the variable over the default. An empty variable counts as " \
	"unset, except `DIRECTMESSAGES_PREFIX`. A value that cannot be used ends the program with exit status 2 and an " \
	"error that says what may be given. `make run` reads the variables, too.\n\n" \
	"Whoever can list the machine's processes sees their flags. Give a `postgresql://` URL with a password in " \
	"`DATABASE_URL`, or keep the password in libpq's `~/.pgpass`.\n\n" \
	"The program speaks plain HTTP. A proxy in front of it provides TLS."

#define PROSE_COMMANDS \
	"The flags of a command stand before or behind its arguments. Every command takes `--database URL`, which may " \
	"also stand before the command, and `--help`. `directmessages --version` prints the version.\n\n" \
	"Fields that users have written are printed with control characters and backslashes as escapes."

#define PROSE_EXIT_DONE "Done."
#define PROSE_EXIT_FAILED "Failed. Also `migrate --check` when the schema is not up to date."
#define PROSE_EXIT_USAGE "Wrong usage, or a setting whose value cannot be used."
#define PROSE_ERRORS "An error is one line on standard error. It says what is wrong, and after a semicolon what to do."

#endif

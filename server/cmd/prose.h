/* SPDX-License-Identifier: MIT */
/* prose.h - what the manual page and the pages of documentation say around the tables of settings and commands.
 * Paragraphs have an empty line between them, `code` stands between backquotes. */
#ifndef PROSE_H
#define PROSE_H

#define PROSE_PROGRAM \
	"`directmessages` stores private messages between users, in one SQLite file or in PostgreSQL, and serves them " \
	"over HTTP."

#define PROSE_SETTINGS \
	"A flag wins over its environment variable, the variable over the configuration file, and the file over the " \
	"default. An empty value counts as unset, except that of `DIRECTMESSAGES_PREFIX`. A value that cannot be used " \
	"ends the program with exit status 2 and an error that says what may be given. A variable that begins with " \
	"`DIRECTMESSAGES_` and is no setting is a warning. `make run` reads the variables, too.\n\n" \
	"The configuration file (`--config FILE`, or `DIRECTMESSAGES_CONFIG`) has lines of the form `NAME=VALUE`, with " \
	"the names of the variables, as systemd's `EnvironmentFile=` has: a line that begins with `#` or `;` is a " \
	"comment, a value may stand between single or double quotes, and a backslash at the end of a line continues " \
	"the value. A file that everybody may read must not hold a secret.\n\n" \
	"On SIGHUP `serve` reads the configuration file and the files that settings name again. Settings that can be " \
	"reloaded say so. If anything is wrong, nothing changes, and the log says why.\n\n" \
	"Anybody who can list the machine's processes sees their flags. Give a `postgresql://` URL with a password in " \
	"`DATABASE_URL`, or keep the password in libpq's `~/.pgpass`.\n\n" \
	"The program speaks plain HTTP. A proxy in front of it provides TLS."

#define PROSE_COMMANDS \
	"The flags of a command stand before or after its arguments. Every command takes `--database URL` and " \
	"`--config FILE`, which may also stand before the command, and `--help`. `directmessages --version` prints the version.\n\n" \
	"Fields that users have written are printed with control characters and backslashes as escapes."

/* Of the variables LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES. */
#define PROSE_SOCKETS \
	"Sockets that a service manager has opened and keeps, so that a restart refuses no connection: one that is named " \
	"`admin` stands in for `--admin-listen`, any other for `--listen`."

#define PROSE_EXIT_DONE "Done."
#define PROSE_EXIT_FAILED "Failed. Also `migrate --check` when the schema is not up to date."
#define PROSE_EXIT_USAGE "Wrong usage, or a setting whose value cannot be used."
#define PROSE_ERRORS "An error is one line on standard error. It says what is wrong, and after a semicolon what to do."

#endif

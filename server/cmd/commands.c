/* SPDX-License-Identifier: MIT */
/* commands.c - the table of the subcommands: what each is called, takes and does. The help, the manual page, the
 * completion of shells and docs/command-line.md are made from it. */
#include "commands.h"

#include "cli.h"
#include "completion.h"
#include "help.h"
#include "manual.h"
#include "reference_pages.h"
#include "subcommands.h"

#include <stdlib.h>
#include <string.h>

/* Here, because it needs the table. */
static int help_run(const struct arguments *arguments)
{
	static const struct {
		const char *name;
		void (*print)(const struct command_table *commands);
	} forms[] = {
		{"text", help_print_program},          {"man", manual_print},
		{"man-conf", manual_print_conf},       {"settings", page_print_settings},
		{"command-line", page_print_commands}, {"bash", completion_print_bash},
		{"zsh", completion_print_zsh},         {"fish", completion_print_fish},
	};
	const char *form = arguments_value(arguments, "form");

	for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
		if (strcmp(form ? form : "text", forms[i].name) == 0) {
			forms[i].print(&commands);
			return EXIT_SUCCESS;
		}
	}
	return cli_fail(EXIT_USAGE, "there is no form '%.100s'; see 'directmessages help --help'", form);
}

#define JSON(what) \
	{ \
		"json", NULL, "Print " what " as JSON, with the API's keys and times." \
	}

/* clang-format off */
static const struct command rows[] = {
	{"serve", "", "Serves the API until SIGTERM or SIGINT.",
		"After the signal it answers the requests that were sent, for up to ten seconds, and ends. A second signal ends it "
		"at once. SIGHUP reloads the settings.\n\n"
		"It does not start on a schema that is not up to date, unless `--migrate` is given.",
		{{.setting = SETTING_LISTEN}, {.setting = SETTING_ADMIN_LISTEN}, {.setting = SETTING_PREFIX},
		 {"check", NULL, "Only read the settings and the files that they name, and say what is wrong. Opens no database "
			"and no socket."},
		 {"migrate", NULL, "First bring the schema up to date, and create the file if it is missing."},
		 {.setting = SETTING_THREADS}, {.setting = SETTING_LANES}, {.setting = SETTING_LOG_LEVEL},
		 {.setting = SETTING_LOG_FORMAT}},
		serve_run, .shows_environment = true, .logs = true},
	{"health", "", "Asks the server whether it is ready, and prints what it says; exit status 1 if it is not.",
		"For the health checks of containers. It asks `/readyz` at the address where `serve` has it by the same settings: "
		"that of `--admin-listen`, or else that of `--listen`.",
		{{.setting = SETTING_LISTEN}, {.setting = SETTING_ADMIN_LISTEN},
		 {"live", NULL, "Ask `/livez` instead: does the process respond? That says nothing about the database."}},
		health_run},
	{"migrate", "", "Brings the database's schema up to date.",
		"Prints a line for each step. On SQLite it creates the file if it is missing.",
		{{"check", NULL, "Only say whether it is up to date; exit status 1 if it is not."},
		 {"new-epoch", NULL, "Afterwards give the event log a new epoch, as is needed when a database was restored by "
			"other means than `restore`: no position of an event stream from before is valid any more."}},
		migrate_run},
	{"backup", "FILE", "Copies a database on SQLite while it is in use.",
		"All that was acknowledged before it began is in the copy, which is one file. It is written to `FILE.partial` and "
		"gets its name when it is whole and on the disk.\n\n"
		"On PostgreSQL it prints the command line of `pg_dump`, and ends with exit status 2.",
		{{"force", NULL, "Replace a file of that name."},
		 {"check", NULL, "Look at all pages of the copy (SQLite's `integrity_check`) before it gets its name."},
		 {"full-speed", NULL, "Do not rest between pieces. Others' requests take longer meanwhile."}},
		backup_run},
	{"restore", "FILE", "Puts a copy of a backup in the place of a database on SQLite.",
		"It refuses while a server or another program has the database open. It checks the backup, keeps the database from "
		"before beside the new one, and gives the event log a new epoch, so that event streams load everything again.\n\n"
		"On PostgreSQL it prints the command line of `pg_restore`, and ends with exit status 2.",
		{{0}}, restore_run},
	{"user create", "NAME", "Creates an active user and prints the id.",
		"The password is stored as Django stores it. This server never checks it: users sign in with tokens or JWTs.",
		{{"email", "ADDRESS", "The e-mail address."},
		 {"first-name", "NAME", "The first name."},
		 {"last-name", "NAME", "The last name."},
		 {"password-stdin", NULL, "Read a password, one line, from standard input. Without it the user has none."},
		 JSON("the user")},
		user_create_run},
	{"user list", "", "Lists the users.",
		"Tab-separated: id, username, active, e-mail address, first name, last name.", {JSON("a line for each user")},
		user_list_run},
	{"user show", "NAME", "Shows a user, as `user list` does.", NULL, {JSON("the user")}, user_show_run},
	{"user update", "NAME", "Changes a user, and shows the user.",
		"A field that is not given stays as it is.",
		{{"email", "ADDRESS", "The e-mail address; may be empty."},
		 {"first-name", "NAME", "The first name; may be empty."},
		 {"last-name", "NAME", "The last name; may be empty."},
		 {"active", "YES", "`yes` or `no`: whether the user may call the API.", .choices = "yes no"},
		 JSON("the user")},
		user_update_run},
	{"user delete", "NAME", "Deletes a user without messages, with their token, tickets, blocks and keys.",
		"It refuses a user who has messages, or to whom rows of a project's other tables refer: they would belong to nobody.",
		{{0}}, user_delete_run},
	{"user deactivate", "NAME", "Refuses the user's requests from now on, whatever token or JWT they have.", NULL, {{0}}, user_deactivate_run},
	{"user activate", "NAME", "Accepts the user's requests again.", NULL, {{0}}, user_activate_run},
	{"user export", "NAME", "Prints all data of a user, as lines of JSON.",
		"The first line is the user, then comes a line for each user whom they block, and for each message, hidden ones too. See docs/privacy.md.", {{0}},
		user_export_run},
	{"user erase", "NAME", "Erases a person: names, e-mail address, token, and what they wrote.",
		"The user becomes `erased-<id>`, inactive. On a terminal it asks first. It works in short commits beside a server; "
		"where it was stopped, run it again. See docs/privacy.md.",
		{{"messages", "HOW", "`blank` empties what the user sent; `delete` deletes messages in both directions, for the "
			"partners too; `keep` leaves them. The default is `blank`.", .choices = "blank delete keep"},
		 {"yes", NULL, "Don't ask."}},
		user_erase_run},
	{"token create", "NAME", "Prints the user's token, and creates it if there is none.", NULL,
		{{"reset", NULL, "Replace the existing token."}, JSON("the token")}, token_create_run},
	{"token revoke", "NAME", "Removes the user's token.", NULL, {{0}}, token_revoke_run},
	{"block create", "NAME BLOCKED", "Lets the user NAME block another one: neither can send to the other.",
		"Blocking a user again changes nothing.", {{0}}, block_create_run},
	{"block delete", "NAME BLOCKED", "Ends such a block, if there is one.", NULL, {{0}}, block_delete_run},
	{"block list", "NAME", "Lists the users whom the user NAME blocks, newest block first.",
		"Tab-separated: id, username, time.", {JSON("a line for each user")}, block_list_run},
	{"message list", "", "Lists messages, newest first.",
		"Tab-separated: id, sender, recipient, time, content. Hidden messages are listed, too.",
		{{"user", "NAME", "Only messages that this user sent or received."},
		 {"limit", "N", "Maximum number of messages; `0` for all.", SETTING_NONE, 0, INT32_MAX, 50}},
		message_list_run},
	{"message find", "", "Lists messages, newest first, with who has hidden them.",
		"Tab-separated: id, sender, recipient, time, hidden for the sender, hidden for the recipient, content.",
		{{"user", "NAME", "Only messages that this user sent or received."},
		 {"partner", "NAME", "Only those with this partner. Needs `--user`."},
		 {"since", "TIME", "Only messages sent at that time or later, such as `2026-11-29T12:00:00Z`."},
		 {"until", "TIME", "Only messages sent before that time."},
		 {"limit", "N", "Maximum number of messages; `0` for all.", SETTING_NONE, 0, INT32_MAX, 50},
		 {"json", NULL, "Print each message as a line of JSON."}},
		message_find_run},
	{"message send", "FROM TO CONTENT", "Sends a message, whoever the allowed recipients are, and past blocks.",
		"A script that runs it again after a failure gives the same key, and the message is sent once.",
		{{"idempotency-key", "KEY", "A name of this message, 1 to 255 printable ASCII characters. Again with the same key, "
			"users and content, it sends nothing, and prints the message that was sent."},
		 {"json", NULL, "Print the message as JSON."}},
		message_send_run},
	{"message delete", "ID", "Deletes a message for good, for both users.", NULL, {{0}}, message_delete_run},
	{"message purge", "", "Deletes messages for good, for both users.",
		"Needs at least one criterion; with two, a message must meet both. It works in short commits beside a server; where it "
		"was stopped, run it again.",
		{{"hidden-by-both", NULL, "Messages that both users have hidden."},
		 {"older-than", "DAYS", "Messages that were sent longer ago than that.", SETTING_NONE, 1, 36500, 0},
		 {"dry-run", NULL, "Only count them."},
		 {"json", NULL, "Print the count as JSON."}},
		message_purge_run},
	{"webhook create", "URL", "Adds an endpoint for webhooks, and prints its id and secret.",
		"The secret is printed this once.",
		{{"events", "LIST", "`message_sent`, `message_read`, `message_unread`, or several with commas between them. The default is the first two."},
		 {"description", "TEXT", "What the endpoint is for."},
		 {"secret", "SECRET", "`whsec_` and the base64 of 24 to 64 bytes. Without it a random secret is made."},
		 JSON("the endpoint, with its secret,")},
		webhook_create_run},
	{"webhook list", "", "Lists the endpoints.",
		"Tab-separated: id, state, events, time of creation, URL, description, why it is disabled.",
		{JSON("a line for each endpoint")}, webhook_list_run},
	{"webhook delete", "ID", "Removes an endpoint and its deliveries.", NULL, {{0}}, webhook_delete_run},
	{"webhook update", "ID", "Changes an endpoint, and shows it.",
		"A field that is not given stays as it is. Deliveries that wait go to the new URL.",
		{{"url", "URL", "Where it is."},
		 {"description", "TEXT", "What it is for; may be empty."},
		 {"events", "LIST", "`message_sent`, `message_read`, `message_unread`, or several with commas between them. They apply to events that "
			"have not become deliveries yet."},
		 JSON("the endpoint")},
		webhook_update_run},
	{"webhook enable", "ID", "Makes a disabled endpoint active again.", NULL, {{0}}, webhook_enable_run},
	{"webhook disable", "ID", "Stops deliveries to an endpoint; those that wait fail.",
		"It is not told of what happens until it is enabled again. Requests that are under way are completed.", {{0}}, webhook_disable_run},
	{"webhook rotate", "ID", "Gives an endpoint a new secret, and prints it.",
		"The secret is printed this once.",
		{{"secret", "SECRET", "The new secret. Without it a random secret is made."},
		 {"grace", "HOURS", "How long requests are signed with the old secret as well.", SETTING_NONE, 0, 8760, 24},
		 JSON("the endpoint, with its secret,")},
		webhook_rotate_run},
	{"webhook test", "ID", "Delivers a test event now, and prints the result.", NULL, {{0}}, webhook_test_run},
	{"webhook deliveries", "", "Lists deliveries, newest first.",
		"Tab-separated: id, endpoint, name, type, message, state, attempts, time of the event, of the next attempt, of the "
		"end, HTTP status, error. A delivery is `pending` until it is `delivered`, or has `failed` for good.",
		{{"webhook", "ID", "Only deliveries to this endpoint.", SETTING_NONE, 1, INT64_MAX, 0},
		 {"state", "STATE", "Only `pending`, `delivered` or `failed` ones.", .choices = "pending delivered failed"},
		 {"limit", "N", "Maximum number of deliveries; `0` for all.", SETTING_NONE, 0, INT64_MAX, 50},
		 JSON("a line for each delivery")},
		webhook_deliveries_run},
	{"webhook requeue", "DELIVERY", "Makes a finished delivery due now, with a full number of attempts.", NULL, {{0}},
		webhook_requeue_run},
	{"webhook redeliver", "", "Makes all failed deliveries due now, each with a full number of attempts.",
		"Those of disabled endpoints stay as they are. It works in short commits beside a server; where it was stopped, run "
		"it again.",
		{{"failed", NULL, "The deliveries that have failed for good. It must be given."},
		 {"endpoint", "ID", "Only those of this endpoint.", SETTING_NONE, 1, INT64_MAX, 0},
		 JSON("how many")},
		webhook_redeliver_run},
	{"routes", "", "Prints the route table.", NULL, {{.setting = SETTING_PREFIX}}, routes_run},
	{"help", "", "Prints this program's help, its manual pages, pages of documentation, or what shells complete.", NULL,
		{{"form", "FORM", "`text` (the default); `man` or `man-conf`, the manual pages directmessages(1) and "
			"directmessages.conf(5); `settings` or `command-line`, both Markdown; `bash`, `zsh` or `fish`, the completion "
			"for that shell.", .choices = "text man man-conf settings command-line bash zsh fish"}},
		help_run, .reads_no_settings = true},
};
/* clang-format on */

const struct command_table commands = {rows, ARRAY_LENGTH(rows)};

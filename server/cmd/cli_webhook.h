/* SPDX-License-Identifier: MIT */
/* cli_webhook.h - what the commands of webhooks share. */
#ifndef CLI_WEBHOOK_H
#define CLI_WEBHOOK_H

#include "attributes.h"
#include "cli_json.h"
#include "directmessages.h"
#include "signature.h"

/* Reads --events, names with commas between them; 0 where it is not given. False after the error was printed. */
MUST_CHECK bool cli_read_events(const struct arguments *arguments, unsigned *events);

/* Whether the URL can be an endpoint's. False after the error was printed: the command ends with *status. */
MUST_CHECK bool cli_check_url(const char *url, int *status);

/* The secret that was given, or a new one in `made`. NULL after the error was printed: the command ends with *status.
 */
MUST_CHECK const char *cli_choose_secret(const char *given, char made[SECRET_SIZE], int *status);

/* Prints the names of the fields, unless the rows are JSON. */
void cli_begin_webhooks(const struct cli_rows *rows);

/* Row functions whose context is a struct cli_rows. The second prints JSON with the secret that is `more`. */
bool cli_print_webhook(void *context, const struct dm_webhook *webhook);
bool cli_print_secret(void *context, const struct dm_webhook *webhook);

/* Does something with the webhook or delivery whose id is the command's argument, and prints "<noun> <id> <done>".
 * `lister` is the command that lists the ids. Gives the exit status. */
int cli_act_on_id(const struct arguments *arguments, const char *lister,
		  enum dm_status (*act)(dm *handle, int64_t id, struct dm_error *error), const char *noun,
		  const char *done);

#endif

/* SPDX-License-Identifier: MIT */
/* listen.c - prints a line for each message that this process sends or reads: a new database, two users, one message.
 *
 *     cc -o listen listen.c $(pkg-config --cflags --libs directmessages)
 *     ./listen sqlite:///new.db
 */
#include <directmessages.h>

#include <stdio.h>
#include <stdlib.h>

/* Runs after the commit, on a thread of the library's; the message is lent until we return. */
static void print_signal(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			 int64_t to)
{
	FILE *out = context;

	fprintf(out, "%s: message %lld from user %lld to user %lld: %.*s\n",
		signal == DM_MESSAGE_SENT ? "sent" : "read", (long long)message->id, (long long)from_user,
		(long long)to, (int)message->content.length, message->content.data);
}

static enum dm_status make_users(dm *handle, int64_t *john, int64_t *mary, struct dm_error *error)
{
	struct dm_new_user user = DM_NEW_USER_INIT;
	enum dm_status status = dm_migrate(handle, NULL, NULL, NULL, error);

	user.username = DM_TEXT("john");
	if (status == DM_OK)
		status = dm_user_create(handle, &user, john, error);
	user.username = DM_TEXT("mary");
	if (status == DM_OK)
		status = dm_user_create(handle, &user, mary, error);
	return status;
}

static enum dm_status send_and_read(dm *handle, struct dm_error *error)
{
	struct dm_message sent = {0};
	int64_t john = 0, mary = 0;
	char *text = NULL;
	enum dm_status status = make_users(handle, &john, &mary, error);

	if (status == DM_OK)
		status = dm_send(handle, john, mary, DM_TEXT("Hello, Mary"), &sent, error);
	if (status == DM_OK)
		status = dm_read_message(handle, sent.id, &text, NULL, error);
	if (status == DM_OK)
		printf("Mary has read: %s\n", text);
	free(text);
	return status;
}

int main(int argc, char **argv)
{
	struct dm_options options = DM_OPTIONS_INIT;
	struct dm_error error = {0};
	dm *handle = NULL;
	enum dm_status status;

	if (argc != 2) {
		fprintf(stderr, "usage: listen DATABASE\n");
		return 2;
	}
	options.database = argv[1];
	options.create = true;
	status = dm_open(&options, &handle, &error);
	if (status == DM_OK)
		status = dm_connect(handle, DM_MESSAGE_SENT, print_signal, stdout, &error);
	if (status == DM_OK)
		status = dm_connect(handle, DM_MESSAGE_READ, print_signal, stdout, &error);
	if (status == DM_OK)
		status = send_and_read(handle, &error);
	if (status != DM_OK)
		fprintf(stderr, "listen: %s\n", error.message);
	dm_close(handle);
	return status == DM_OK ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/* send.c - sends one private message between two users, who are given by their names.
 *
 *     cc -o send send.c $(pkg-config --cflags --libs directmessages)
 *     ./send sqlite:///directmessages.db john mary 'Hello, Mary'
 *
 * The database and its users come from the program: "directmessages migrate", "directmessages user create john". */
#include <directmessages.h>

#include <stdio.h>

static enum dm_status send_by_name(dm *handle, const char *from, const char *to, const char *text,
				   struct dm_error *error)
{
	struct dm_message sent;
	int64_t sender = 0, recipient = 0;
	enum dm_status status = dm_user_id_by_name(handle, dm_text_of(from), &sender, error);

	if (status == DM_OK)
		status = dm_user_id_by_name(handle, dm_text_of(to), &recipient, error);
	if (status == DM_OK)
		status = dm_send(handle, sender, recipient, dm_text_of(text), &sent, error);
	if (status == DM_OK)
		printf("sent message %lld from %s to %s\n", (long long)sent.id, from, to);
	return status;
}

int main(int argc, char **argv)
{
	struct dm_options options = DM_OPTIONS_INIT;
	struct dm_error error = {0};
	dm *handle = NULL;
	enum dm_status status;

	if (argc != 5) {
		fprintf(stderr, "usage: send DATABASE FROM TO TEXT\n");
		return 2;
	}
	options.database = argv[1];
	status = dm_open(&options, &handle, &error);
	if (status == DM_OK)
		status = send_by_name(handle, argv[2], argv[3], argv[4], &error);
	if (status != DM_OK)
		fprintf(stderr, "send: %s\n", error.message);
	dm_close(handle);
	return status == DM_OK ? 0 : 1;
}

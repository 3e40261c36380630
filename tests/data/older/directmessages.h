/* SPDX-License-Identifier: MIT */
/* directmessages.h - the public header as an older version might have had it: fewer options, kinds and fields. It is
 * frozen: program.c is compiled with it and runs with the library of today. Never change it along with that. */
#ifndef DIRECTMESSAGES_H
#define DIRECTMESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dm_status { DM_OK = 0, DM_NOT_FOUND, DM_EXISTS, DM_INVALID };

struct dm_error {
	enum dm_status status;
	char message[248];
};

struct dm_text {
	const char *data;
	size_t length;
};

typedef struct dm dm;

struct dm_options {
	size_t size;
	const char *database;
};

struct dm_new_user {
	size_t size;
	struct dm_text username;
};

struct dm_conversation_options {
	size_t size;
	size_t limit;
};

struct dm_stats {
	size_t size;
	const char *backend;
};

struct dm_message {
	int64_t id, sender_id, recipient_id, sent_at, read_at;
	struct dm_text content;
	uint64_t reserved[4];
};

typedef bool dm_message_row(void *context, const struct dm_message *message);

/* The kinds by their numbers; those between are not known yet. */
enum dm_operation_kind { DM_OP_NONE, DM_OP_UNREAD_COUNT = 5, DM_OP_SEND = 17 };

struct dm_op_unread_count {
	int64_t user_id;

	int64_t count;
	uint64_t reserved[4];
};

struct dm_op_send {
	int64_t sender_id, recipient_id;
	struct dm_text content;

	struct dm_message message;
	uint64_t reserved[4];
};

struct dm_operation {
	enum dm_operation_kind kind;
	enum dm_status status;
	void (*done)(struct dm_operation *operation);
	void *context;
	struct dm_error error;
	struct {
		void *pointers[4];
		int64_t times[2];
		bool flags[2];
		uint64_t reserved[4];
	} internal;
	union {
		uint64_t reserved[32];
		struct dm_op_unread_count unread_count;
		struct dm_op_send send;
	};
};

enum dm_status dm_open(const struct dm_options *options, dm **out, struct dm_error *error);
void dm_close(dm *handle);
enum dm_status dm_user_create(dm *handle, const struct dm_new_user *user, int64_t *id, struct dm_error *error);
enum dm_status dm_send(dm *handle, int64_t sender_id, int64_t recipient_id, struct dm_text content,
		       struct dm_message *sent, struct dm_error *error);
enum dm_status dm_conversation(dm *handle, int64_t user_id, int64_t partner_id,
			       const struct dm_conversation_options *options, dm_message_row *row, void *context,
			       struct dm_error *error);
void dm_run(dm *handle, struct dm_operation *operation);
void dm_stats(dm *handle, struct dm_stats *stats);

#endif

/* SPDX-License-Identifier: MIT */
/* arguments.c - whether an operation has what its kind needs. */
#include "arguments.h"

#include "directmessages_webhooks.h"
#include "failure.h"

#include <limits.h>

#define LANES_MOST 1024

enum need {
	KNOWN = 1 << 0,
	TEXT = 1 << 1,
	ON_MESSAGE = 1 << 2,
	ON_USER = 1 << 3,
	ON_UNREAD = 1 << 4,
	ON_EVENT = 1 << 5,
	NEW_USER = 1 << 6,
	WEBHOOK = 1 << 7,
	NEW_WEBHOOK = 1 << 8 | WEBHOOK,
	ON_WEBHOOK = 1 << 9 | WEBHOOK,
	ON_DELIVERY = 1 << 10 | WEBHOOK,
	OUTBOX = 1 << 11 | WEBHOOK,
	CLAIM = 1 << 12 | ON_DELIVERY,
	OUTCOME = 1 << 13 | WEBHOOK,
};

/* Those that find one user take no on_user for one that nobody wants to see. */
static const unsigned needs[] = {
	/* clang-format off */
	[DM_OP_AUTHENTICATE] = KNOWN | TEXT,          [DM_OP_USER_BY_ID] = KNOWN,
	[DM_OP_USER_BY_NAME] = KNOWN | TEXT,          [DM_OP_USERS] = KNOWN | ON_USER,
	[DM_OP_UNREAD_COUNT] = KNOWN,                 [DM_OP_UNREAD_BY_PARTNER] = KNOWN | ON_UNREAD,
	[DM_OP_UNREAD_MESSAGES] = KNOWN | ON_MESSAGE, [DM_OP_PARTNERS] = KNOWN | ON_USER,
	[DM_OP_CONVERSATION] = KNOWN | ON_MESSAGE,    [DM_OP_MESSAGE] = KNOWN | ON_MESSAGE,
	[DM_OP_ALL_MESSAGES] = KNOWN | ON_MESSAGE,    [DM_OP_EVENTS] = KNOWN | ON_EVENT,
	[DM_OP_EVENTS_NEWEST] = KNOWN,                [DM_OP_EVENTS_TRIM] = KNOWN,
	[DM_OP_TICKET_CREATE] = KNOWN | TEXT,         [DM_OP_TICKET_TAKE] = KNOWN | TEXT,
	[DM_OP_SEND] = KNOWN | TEXT,                  [DM_OP_MARK_CONVERSATION_READ] = KNOWN,
	[DM_OP_MARK_READ] = KNOWN,                    [DM_OP_HIDE] = KNOWN,
	[DM_OP_USER_CREATE] = KNOWN | TEXT | NEW_USER,[DM_OP_USER_SET_ACTIVE] = KNOWN | TEXT,
	[DM_OP_TOKEN_CREATE] = KNOWN | TEXT,          [DM_OP_TOKEN_REVOKE] = KNOWN | TEXT,
	[DM_OP_CHECK_SCHEMA] = KNOWN,
	[DM_OP_WEBHOOK_CREATE] = KNOWN | NEW_WEBHOOK, [DM_OP_WEBHOOKS] = KNOWN | ON_WEBHOOK,
	[DM_OP_WEBHOOK_DELETE] = KNOWN | WEBHOOK,     [DM_OP_WEBHOOK_ENABLE] = KNOWN | WEBHOOK,
	[DM_OP_WEBHOOK_ROTATE] = KNOWN | NEW_WEBHOOK, [DM_OP_OUTBOX] = KNOWN | OUTBOX,
	[DM_OP_DELIVERIES] = KNOWN | ON_DELIVERY,     [DM_OP_DELIVERIES_CLAIM] = KNOWN | CLAIM,
	[DM_OP_DELIVERY_RECORD] = KNOWN | OUTCOME,    [DM_OP_DELIVERY_RETRY] = KNOWN | WEBHOOK,
	[DM_OP_DELIVERIES_TRIM] = KNOWN | WEBHOOK,
	/* clang-format on */
};

static enum dm_status lacks(struct dm_error *error, const char *what)
{
	return fail(error, DM_INVALID, "the operation has no %s; its kind needs it", what);
}

static bool is_text(struct dm_text text)
{
	return text.length == 0 || (text.data && text.length <= INT_MAX);
}

static enum dm_status check_texts(const struct dm_text *texts, size_t count, struct dm_error *error)
{
	for (size_t i = 0; i < count; i++)
		if (!is_text(texts[i]))
			return fail(error, DM_INVALID,
				    "a text has a length but no data, or is longer than 2 GiB; give its bytes");
	return DM_OK;
}

static enum dm_status check_claim(const struct dm_webhook_call *call, struct dm_error *error)
{
	if (call->until > 0 && call->until < INT64_MAX / 2)
		return DM_OK;
	return fail(error, DM_INVALID, "a claim ends at no such time; give microseconds since 1970 in `until`");
}

static enum dm_status check_outcome(const struct dm_webhook_call *call, struct dm_error *error)
{
	const struct dm_text texts[] = {call->error, call->disabled_why};

	if ((unsigned)call->outcome > DM_OUTCOME_RELEASED)
		return fail(error, DM_INVALID, "there is no such outcome of a delivery; give a dm_delivery_outcome");
	return check_texts(texts, ARRAY_LENGTH(texts), error);
}

/* What is in `webhook`. */
static enum dm_status check_call(const struct dm_webhook_call *call, unsigned need, struct dm_error *error)
{
	if (!call)
		return lacks(error, "webhook");
	if ((need & ON_WEBHOOK) == ON_WEBHOOK && !call->on_webhook)
		return lacks(error, "on_webhook");
	if ((need & ON_DELIVERY) == ON_DELIVERY && !call->on_delivery)
		return lacks(error, "on_delivery");
	if ((need & OUTBOX) == OUTBOX && !call->outbox)
		return lacks(error, "outbox");
	if ((need & CLAIM) == CLAIM)
		return check_claim(call, error);
	if ((need & OUTCOME) == OUTCOME)
		return check_outcome(call, error);
	if ((need & NEW_WEBHOOK) != NEW_WEBHOOK)
		return DM_OK;
	if (!call->new_webhook)
		return lacks(error, "new_webhook");
	return check_texts((const struct dm_text[]){call->new_webhook->url, call->new_webhook->description,
						    call->new_webhook->secret},
			   3, error);
}

static enum dm_status check_new_user(const struct dm_new_user *user, struct dm_error *error)
{
	if (!user)
		return lacks(error, "new_user");
	return check_texts((const struct dm_text[]){user->username, user->email, user->first_name, user->last_name,
						    user->password},
			   5, error);
}

static enum dm_status check_row_function(const struct dm_operation *operation, unsigned need, struct dm_error *error)
{
	if (need & ON_MESSAGE && !operation->on_message)
		return lacks(error, "on_message");
	if (need & ON_USER && !operation->on_user)
		return lacks(error, "on_user");
	if (need & ON_UNREAD && !operation->on_unread)
		return lacks(error, "on_unread");
	if (need & ON_EVENT && !operation->on_event)
		return lacks(error, "on_event");
	return DM_OK;
}

enum dm_status arguments_check(const struct dm_operation *operation, struct dm_error *error)
{
	unsigned need = (size_t)operation->kind < ARRAY_LENGTH(needs) ? needs[operation->kind] : 0;
	enum dm_status status;

	if (need == 0)
		return fail(error, DM_INVALID, "there is no such kind of operation; give a dm_operation_kind");
	status = check_row_function(operation, need, error);
	if (status == DM_OK && need & TEXT)
		status = check_texts(&operation->text, 1, error);
	if (status == DM_OK && need & NEW_USER)
		status = check_new_user(operation->new_user, error);
	if (status == DM_OK && need & WEBHOOK)
		status = check_call(operation->webhook, need, error);
	return status;
}

enum dm_status arguments_check_options(const struct dm_options *options, struct dm_error *error)
{
	if (!options)
		return fail(error, DM_INVALID, "no options are given; give those of {0} for the defaults");
	if (options->lanes > LANES_MOST)
		return fail(error, DM_INVALID, "%zu lanes are too many; give at most %d", options->lanes, LANES_MOST);
	if (options->allowed_recipients_count > 0 &&
	    (!options->allowed_recipients || options->allowed_recipients_count > SIZE_MAX / 2 / sizeof(int64_t)))
		return fail(error, DM_INVALID, "the allowed recipients have a count but no array; give both");
	return DM_OK;
}

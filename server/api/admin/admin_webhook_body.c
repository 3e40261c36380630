/* SPDX-License-Identifier: MIT */
/* admin_webhook_body.c - what a body says of an endpoint. */
#include "admin_webhook_body.h"

#include "admin_body.h"
#include "clock.h"
#include "poster.h"
#include "respond.h"
#include "webhook_shapes.h"

#define HOUR INT64_C(3600000000) /* microseconds */

/* How long the secret of before signs as well, in hours: unless the body says, and at most. */
#define GRACE 24
#define MAX_GRACE 8760

static struct dm_text text_of(const struct json_member *member)
{
	if (!member->is_given)
		return (struct dm_text){NULL, 0};
	return (struct dm_text){member->text.data, member->text.length};
}

/* False after it has responded. */
static bool check_url(struct exchange *exchange, const struct json_member *url)
{
	enum poster_url checked = url->is_given ? poster_check_url(url->text.data) : POSTER_URL_IS_GOOD;

	if (checked == POSTER_URL_IS_BAD)
		respond_error(exchange, 400, POSTER_BAD_URL, url->text.data);
	if (checked == POSTER_URL_LACKS_MEMORY)
		respond_no_room(exchange->request);
	return checked == POSTER_URL_IS_GOOD;
}

/* Gives 0 where none are given. False after it has responded. */
static bool read_events(struct exchange *exchange, const struct json_member *names, unsigned *events)
{
	bool is_good = !names->is_given || names->texts_count > 0;

	*events = 0;
	for (size_t i = 0; is_good && i < names->texts_count; i++) {
		unsigned event = webhook_event_named(names->texts[i]);

		is_good = event != 0;
		*events |= event;
	}
	if (!is_good)
		respond_error(exchange, 400, "events must name message_sent, message_read, message_unread or several.");
	return is_good;
}

/* A new secret. False after it has responded. */
static bool make_secret(struct exchange *exchange, char made[SECRET_SIZE], struct dm_text *secret)
{
	bool is_made = secret_make(made);

	if (is_made)
		*secret = dm_text_of(made);
	else
		respond_error(exchange, 503, "Service temporarily unavailable.");
	return is_made;
}

bool admin_read_new_webhook(struct exchange *exchange, struct dm_op_webhook_create *webhook, char made[SECRET_SIZE])
{
	struct json_member members[] = {
		{"url", JSON_MEMBER_TEXT},
		{"description", JSON_MEMBER_TEXT},
		{"events", JSON_MEMBER_TEXTS},
		{"secret", JSON_MEMBER_TEXT},
	};
	const struct json_member *url = &members[0], *secret = &members[3];

	if (!admin_body(exchange, members, ARRAY_LENGTH(members)))
		return false;
	if (!url->is_given) {
		respond_error(exchange, 400, "url is required");
		return false;
	}
	if (!check_url(exchange, url) || !read_events(exchange, &members[2], &webhook->events))
		return false;
	if (webhook->events == 0)
		webhook->events = DM_WEBHOOK_DEFAULT_EVENTS;
	webhook->url = text_of(url);
	webhook->description = text_of(&members[1]);
	webhook->secret = text_of(secret);
	return secret->is_given || make_secret(exchange, made, &webhook->secret);
}

/* Reads "active" or "disabled". False after it has responded. */
static bool read_state(struct exchange *exchange, const struct json_member *state, enum dm_active *active)
{
	*active = DM_ACTIVE_KEEP;
	if (!state->is_given)
		return true;
	*active = span_equal(state->text, SPAN("active")) ? DM_ACTIVE_YES : DM_ACTIVE_NO;
	if (*active == DM_ACTIVE_YES || span_equal(state->text, SPAN("disabled")))
		return true;
	respond_error(exchange, 400, "state must be active or disabled.");
	return false;
}

/* Reads which secret there is to be, and until when the one of before signs. False after it has responded. */
static bool read_secret(struct exchange *exchange, const struct json_member *secret, const struct json_member *rotate,
			const struct json_member *grace, struct dm_op_webhook_update *change, char made[SECRET_SIZE])
{
	int64_t hours = grace->is_given ? grace->integer : GRACE;
	bool is_made = rotate->boolean;

	if (is_made && secret->is_given)
		respond_error(exchange, 400, "Give rotate_secret or secret, not both.");
	else if (grace->is_given && !is_made && !secret->is_given)
		respond_error(exchange, 400, "grace_hours needs rotate_secret or secret.");
	else if (hours < 0 || hours > MAX_GRACE)
		respond_error(exchange, 400, "grace_hours must be from 0 to %d.", MAX_GRACE);
	else {
		change->old_until = clock_now() + hours * HOUR;
		change->secret = text_of(secret);
		return !is_made || make_secret(exchange, made, &change->secret);
	}
	return false;
}

bool admin_read_webhook_change(struct exchange *exchange, struct dm_op_webhook_update *change, char made[SECRET_SIZE])
{
	struct json_member members[] = {
		{"url", JSON_MEMBER_TEXT},
		{"description", JSON_MEMBER_TEXT},
		{"events", JSON_MEMBER_TEXTS},
		{"state", JSON_MEMBER_TEXT},
		{"secret", JSON_MEMBER_TEXT},
		{"rotate_secret", JSON_MEMBER_BOOLEAN},
		{"grace_hours", JSON_MEMBER_INTEGER},
	};

	if (!admin_body(exchange, members, ARRAY_LENGTH(members)))
		return false;
	if (!check_url(exchange, &members[0]) || !read_events(exchange, &members[2], &change->events) ||
	    !read_state(exchange, &members[3], &change->active) ||
	    !read_secret(exchange, &members[4], &members[5], &members[6], change, made))
		return false;
	change->url = text_of(&members[0]);
	change->description = text_of(&members[1]);
	return true;
}

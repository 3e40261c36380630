/* SPDX-License-Identifier: MIT */
/* shapes.c - the JSON objects that clients see. */
#include "shapes.h"

#include "json.h"

static struct span as_span(struct dm_text text)
{
	return (struct span){text.data, text.length};
}

/* A message, before and after its direction. */
static void begin_message(struct buffer *out, const struct dm_message *message)
{
	BUFFER_APPEND_LITERAL(out, "{\"id\":");
	buffer_append_int(out, message->id);
	BUFFER_APPEND_LITERAL(out, ",\"sender\":");
	buffer_append_int(out, message->sender_id);
	BUFFER_APPEND_LITERAL(out, ",\"recipient\":");
	buffer_append_int(out, message->recipient_id);
}

static void end_message(struct buffer *out, const struct dm_message *message)
{
	BUFFER_APPEND_LITERAL(out, ",\"sent_at\":");
	json_time(out, message->sent_at);
	BUFFER_APPEND_LITERAL(out, ",\"read_at\":");
	if (message->read_at == DM_UNREAD)
		BUFFER_APPEND_LITERAL(out, "null");
	else
		json_time(out, message->read_at);
	BUFFER_APPEND_LITERAL(out, ",\"content\":");
	json_string(out, as_span(message->content));
	buffer_append_char(out, '}');
}

void shape_message(struct buffer *out, const struct dm_message *message, int64_t viewer_id)
{
	begin_message(out, message);
	if (message->recipient_id == viewer_id)
		BUFFER_APPEND_LITERAL(out, ",\"direction\":\"in\"");
	else
		BUFFER_APPEND_LITERAL(out, ",\"direction\":\"out\"");
	end_message(out, message);
}

size_t shape_message_max_length(struct span content)
{
	size_t length = 320 + content.length; /* names, ids, times */

	for (size_t i = 0; i < content.length; i++) {
		unsigned char c = (unsigned char)content.data[i];

		length += c < 0x20 ? 5 : c == '"' || c == '\\' ? 1 : c == 0xE2 ? 3 : 0;
	}
	return length;
}

void shape_plain_message(struct buffer *out, const struct dm_message *message)
{
	begin_message(out, message);
	end_message(out, message);
}

static void append_text_member(struct buffer *out, struct span name, struct dm_text text)
{
	buffer_append_span(out, name);
	json_string(out, as_span(text));
}

static void append_hidden(struct buffer *out, struct span name, int64_t hidden_at)
{
	buffer_append_span(out, name);
	if (hidden_at == DM_VISIBLE)
		BUFFER_APPEND_LITERAL(out, "null");
	else
		json_time(out, hidden_at);
}

void shape_stored_message(struct buffer *out, const struct dm_stored_message *stored)
{
	begin_message(out, &stored->message);
	append_text_member(out, SPAN(",\"sender_username\":"), stored->sender_username);
	append_text_member(out, SPAN(",\"recipient_username\":"), stored->recipient_username);
	append_hidden(out, SPAN(",\"hidden_for_sender\":"), stored->hidden_for_sender);
	append_hidden(out, SPAN(",\"hidden_for_recipient\":"), stored->hidden_for_recipient);
	end_message(out, &stored->message);
}

void shape_exported_user(struct buffer *out, const struct dm_user *user)
{
	BUFFER_APPEND_LITERAL(out, "{\"user\":");
	shape_user(out, user);
	BUFFER_APPEND_LITERAL(out, "}\n");
}

void shape_exported_block(struct buffer *out, const struct dm_blocked *blocked)
{
	BUFFER_APPEND_LITERAL(out, "{\"block\":{\"id\":");
	buffer_append_int(out, blocked->user.id);
	append_text_member(out, SPAN(",\"username\":"), blocked->user.username);
	BUFFER_APPEND_LITERAL(out, ",\"blocked_at\":");
	json_time(out, blocked->blocked_at);
	BUFFER_APPEND_LITERAL(out, "}}\n");
}

void shape_exported_message(struct buffer *out, const struct dm_stored_message *stored, int64_t user_id)
{
	bool sent = stored->message.sender_id == user_id;
	int64_t hidden_at = sent ? stored->hidden_for_sender : stored->hidden_for_recipient;

	BUFFER_APPEND_LITERAL(out, "{\"message\":");
	begin_message(out, &stored->message);
	buffer_append_span(out, sent ? SPAN(",\"direction\":\"out\"") : SPAN(",\"direction\":\"in\""));
	BUFFER_APPEND_LITERAL(out, ",\"partner\":{\"id\":");
	buffer_append_int(out, sent ? stored->message.recipient_id : stored->message.sender_id);
	append_text_member(out, SPAN(",\"username\":"), sent ? stored->recipient_username : stored->sender_username);
	buffer_append_span(out, hidden_at == DM_VISIBLE ? SPAN("},\"hidden\":false") : SPAN("},\"hidden\":true"));
	end_message(out, &stored->message);
	BUFFER_APPEND_LITERAL(out, "}\n");
}

static void append_count(struct buffer *out, struct span name, int64_t count)
{
	buffer_append_span(out, name);
	buffer_append_int(out, count);
}

void shape_erased(struct buffer *out, int64_t user_id, const struct dm_erased *erased, bool complete)
{
	append_count(out, SPAN("{\"id\":"), user_id);
	buffer_append_span(out, complete ? SPAN(",\"complete\":true") : SPAN(",\"complete\":false"));
	append_count(out, SPAN(",\"blanked\":"), erased->blanked);
	append_count(out, SPAN(",\"hidden\":"), erased->hidden);
	append_count(out, SPAN(",\"deleted\":"), erased->deleted);
	buffer_append_char(out, '}');
}

static void begin_user(struct buffer *out, const struct dm_user *user)
{
	BUFFER_APPEND_LITERAL(out, "{\"id\":");
	buffer_append_int(out, user->id);
	BUFFER_APPEND_LITERAL(out, ",\"username\":");
	json_string(out, as_span(user->username));
	BUFFER_APPEND_LITERAL(out, ",\"first_name\":");
	json_string(out, as_span(user->first_name));
	BUFFER_APPEND_LITERAL(out, ",\"last_name\":");
	json_string(out, as_span(user->last_name));
}

void shape_partner(struct buffer *out, const struct dm_user *user)
{
	begin_user(out, user);
	buffer_append_char(out, '}');
}

void shape_blocked(struct buffer *out, const struct dm_blocked *blocked)
{
	begin_user(out, &blocked->user);
	BUFFER_APPEND_LITERAL(out, ",\"blocked_at\":");
	json_time(out, blocked->blocked_at);
	buffer_append_char(out, '}');
}

void shape_user(struct buffer *out, const struct dm_user *user)
{
	begin_user(out, user);
	BUFFER_APPEND_LITERAL(out, ",\"email\":");
	json_string(out, as_span(user->email));
	buffer_append_span(out, user->is_active ? SPAN(",\"is_active\":true}") : SPAN(",\"is_active\":false}"));
}

void shape_inbox_entry(struct buffer *out, const struct dm_inbox_entry *entry, int64_t viewer_id)
{
	BUFFER_APPEND_LITERAL(out, "{\"partner\":");
	shape_partner(out, &entry->partner);
	BUFFER_APPEND_LITERAL(out, ",\"last_message\":");
	if (entry->has_message)
		shape_message(out, &entry->message, viewer_id);
	else
		BUFFER_APPEND_LITERAL(out, "null");
	buffer_append_span(out, entry->content_is_cut ? SPAN(",\"content_truncated\":true")
						      : SPAN(",\"content_truncated\":false"));
	append_count(out, SPAN(",\"unread_count\":"), entry->unread);
	buffer_append_span(out, entry->blocked ? SPAN(",\"blocked\":true}") : SPAN(",\"blocked\":false}"));
}

void shape_unread_of_partner(struct buffer *out, const struct dm_unread *unread)
{
	BUFFER_APPEND_LITERAL(out, "{\"partner_id\":");
	buffer_append_int(out, unread->partner_id);
	BUFFER_APPEND_LITERAL(out, ",\"partner_username\":");
	json_string(out, as_span(unread->partner_username));
	BUFFER_APPEND_LITERAL(out, ",\"unread_count\":");
	buffer_append_int(out, unread->count);
	buffer_append_char(out, '}');
}

void shape_marked(struct buffer *out, int64_t partner_id, bool unread, int64_t marked, int64_t unread_count)
{
	append_count(out, SPAN("{\"partner_id\":"), partner_id);
	append_count(out, unread ? SPAN(",\"unread\":") : SPAN(",\"read\":"), marked);
	append_count(out, SPAN(",\"unread_count\":"), unread_count);
	buffer_append_char(out, '}');
}

void shape_all_marked(struct buffer *out, int64_t marked)
{
	append_count(out, SPAN("{\"read\":"), marked);
	buffer_append_char(out, '}');
}

void shape_hidden(struct buffer *out, const char *name, int64_t message_id, int64_t partner_id)
{
	buffer_printf(out, "{\"%s\":", name);
	buffer_append_int(out, message_id);
	append_count(out, SPAN(",\"partner_id\":"), partner_id);
	buffer_append_char(out, '}');
}

void shape_unread_total(struct buffer *out, int64_t user_id, int64_t count)
{
	BUFFER_APPEND_LITERAL(out, "{\"id\":");
	buffer_append_int(out, user_id);
	BUFFER_APPEND_LITERAL(out, ",\"count\":");
	buffer_append_int(out, count);
	buffer_append_char(out, '}');
}

void shape_token(struct buffer *out, const char *token)
{
	BUFFER_APPEND_LITERAL(out, "{\"token\":");
	json_string(out, span_from(token));
	buffer_append_char(out, '}');
}

void shape_ticket(struct buffer *out, const char *ticket)
{
	BUFFER_APPEND_LITERAL(out, "{\"ticket\":");
	json_string(out, span_from(ticket));
	BUFFER_APPEND_LITERAL(out, ",\"expires_in\":");
	buffer_append_int(out, DM_TICKET_SECONDS);
	buffer_append_char(out, '}');
}

void shape_webhook(struct buffer *out, const char *type, const struct dm_delivery *delivery)
{
	BUFFER_APPEND_LITERAL(out, "{\"type\":");
	json_string(out, span_from(type));
	BUFFER_APPEND_LITERAL(out, ",\"timestamp\":");
	json_time(out, delivery->at);
	BUFFER_APPEND_LITERAL(out, ",\"data\":{\"message\":");
	shape_plain_message(out, &delivery->message);
	BUFFER_APPEND_LITERAL(out, ",\"from_user\":");
	shape_partner(out, &delivery->sender);
	BUFFER_APPEND_LITERAL(out, ",\"to\":");
	shape_partner(out, &delivery->recipient);
	BUFFER_APPEND_LITERAL(out, ",\"origin\":");
	json_string(out, span_from(delivery->origin == DM_ORIGIN_DJANGO ? "django" : "service"));
	BUFFER_APPEND_LITERAL(out, "}}");
}

void shape_webhook_test(struct buffer *out, int64_t at, int64_t webhook_id)
{
	BUFFER_APPEND_LITERAL(out, "{\"type\":\"webhook.test\",\"timestamp\":");
	json_time(out, at);
	BUFFER_APPEND_LITERAL(out, ",\"data\":{\"webhook\":");
	buffer_append_int(out, webhook_id);
	BUFFER_APPEND_LITERAL(out, "}}");
}

void shape_error(struct buffer *out, struct span detail)
{
	BUFFER_APPEND_LITERAL(out, "{\"detail\":");
	json_string(out, detail);
	buffer_append_char(out, '}');
}

void shape_metadata(struct buffer *out, const char *name, const char *renders, bool json_alone, const char *actions)
{
	BUFFER_APPEND_LITERAL(out, "{\"name\":");
	json_string(out, span_from(name));
	BUFFER_APPEND_LITERAL(out, ",\"description\":\"\",\"renders\":[");
	json_string(out, span_from(renders));
	BUFFER_APPEND_LITERAL(out, "],\"parses\":[\"application/json\"");
	if (!json_alone)
		BUFFER_APPEND_LITERAL(out, ",\"application/x-www-form-urlencoded\",\"multipart/form-data\"");
	buffer_append_char(out, ']');
	if (actions) {
		BUFFER_APPEND_LITERAL(out, ",\"actions\":");
		buffer_append_span(out, span_from(actions));
	}
	buffer_append_char(out, '}');
}

/* SPDX-License-Identifier: MIT */
/* webhook_shapes.c - endpoints and deliveries as administration shows them. */
#include "webhook_shapes.h"

#include "json.h"

const struct webhook_event webhook_events[WEBHOOK_EVENTS] = {
	{"message_sent", "message.sent", DM_WEBHOOK_EVENT(DM_MESSAGE_SENT)},
	{"message_read", "message.read", DM_WEBHOOK_EVENT(DM_MESSAGE_READ)},
	{"message_unread", "message.unread", DM_WEBHOOK_EVENT(DM_MESSAGE_UNREAD)},
};

const char *const delivery_states[] = {
	[DM_DELIVERY_PENDING] = "pending",
	[DM_DELIVERY_DELIVERED] = "delivered",
	[DM_DELIVERY_FAILED] = "failed",
};

unsigned webhook_event_named(struct span name)
{
	for (size_t i = 0; i < WEBHOOK_EVENTS; i++)
		if (span_equal(name, span_from(webhook_events[i].name)) ||
		    span_equal(name, span_from(webhook_events[i].type)))
			return webhook_events[i].event;
	return 0;
}

const char *webhook_state(const struct dm_webhook *webhook)
{
	if (!webhook->is_active)
		return "disabled";
	return webhook->failing_since != 0 ? "failing" : "active";
}

bool delivery_state_named(struct span name, enum dm_delivery_state *state)
{
	for (size_t i = DM_DELIVERY_PENDING; i < ARRAY_LENGTH(delivery_states); i++) {
		if (span_equal(name, span_from(delivery_states[i]))) {
			*state = (enum dm_delivery_state)i;
			return true;
		}
	}
	return false;
}

const char *delivery_type(const struct dm_delivery *delivery)
{
	size_t which = WEBHOOK_EVENTS - 1;

	while (which > 0 && webhook_events[which].event != DM_WEBHOOK_EVENT(delivery->signal))
		which--;
	return webhook_events[which].type;
}

static void append_text(struct buffer *out, struct dm_text text)
{
	json_string(out, (struct span){text.data, text.length});
}

/* A time, or null for none. */
static void append_time(struct buffer *out, int64_t time)
{
	if (time == 0)
		BUFFER_APPEND_LITERAL(out, "null");
	else
		json_time(out, time);
}

static void append_events(struct buffer *out, unsigned events)
{
	const char *comma = "";

	for (size_t i = 0; i < WEBHOOK_EVENTS; i++) {
		if (events & webhook_events[i].event) {
			buffer_printf(out, "%s\"%s\"", comma, webhook_events[i].name);
			comma = ",";
		}
	}
}

void shape_endpoint(struct buffer *out, const struct dm_webhook *webhook, const char *secret)
{
	BUFFER_APPEND_LITERAL(out, "{\"id\":");
	buffer_append_int(out, webhook->id);
	BUFFER_APPEND_LITERAL(out, ",\"url\":");
	append_text(out, webhook->url);
	BUFFER_APPEND_LITERAL(out, ",\"description\":");
	append_text(out, webhook->description);
	BUFFER_APPEND_LITERAL(out, ",\"events\":[");
	append_events(out, webhook->events);
	buffer_printf(out, "],\"state\":\"%s\",\"created_at\":", webhook_state(webhook));
	append_time(out, webhook->created_at);
	BUFFER_APPEND_LITERAL(out, ",\"disabled_reason\":");
	append_text(out, webhook->disabled_reason);
	if (secret) {
		BUFFER_APPEND_LITERAL(out, ",\"secret\":");
		json_string(out, span_from(secret));
	}
	buffer_append_char(out, '}');
}

void shape_delivery(struct buffer *out, const struct dm_delivery *delivery)
{
	BUFFER_APPEND_LITERAL(out, "{\"id\":");
	buffer_append_int(out, delivery->id);
	BUFFER_APPEND_LITERAL(out, ",\"webhook\":");
	buffer_append_int(out, delivery->webhook_id);
	BUFFER_APPEND_LITERAL(out, ",\"name\":");
	append_text(out, delivery->name);
	buffer_printf(out, ",\"type\":\"%s\",\"message\":%lld,\"state\":\"%s\",\"attempts\":%lld,\"happened_at\":",
		      delivery_type(delivery), (long long)delivery->message_id, delivery_states[delivery->state],
		      (long long)delivery->attempts);
	append_time(out, delivery->at);
	BUFFER_APPEND_LITERAL(out, ",\"next_attempt_at\":");
	append_time(out, delivery->state == DM_DELIVERY_PENDING ? delivery->next_at : 0);
	BUFFER_APPEND_LITERAL(out, ",\"finished_at\":");
	append_time(out, delivery->finished_at);
	BUFFER_APPEND_LITERAL(out, ",\"http_status\":");
	if (delivery->http_status > 0)
		buffer_append_int(out, delivery->http_status);
	else
		BUFFER_APPEND_LITERAL(out, "null");
	BUFFER_APPEND_LITERAL(out, ",\"error\":");
	append_text(out, delivery->error);
	buffer_append_char(out, '}');
}

void shape_requeued(struct buffer *out, int64_t requeued, int64_t next_after)
{
	buffer_printf(out, "{\"requeued\":%lld,\"complete\":%s,\"after\":", (long long)requeued,
		      next_after == 0 ? "true" : "false");
	if (next_after == 0)
		BUFFER_APPEND_LITERAL(out, "null}");
	else
		buffer_printf(out, "%lld}", (long long)next_after);
}

/* SPDX-License-Identifier: MIT */
/* delivery.c - a claimed delivery: a copy of its row, and its request's body. */
#include "delivery.h"

#include "shapes.h"
#include "webhook_shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The length of a body without the message and the names, at most. */
#define MAX_REST_LENGTH 512

#define NAMES 6

static void list_names(struct dm_delivery *row, struct dm_text *names[NAMES])
{
	struct dm_user *const users[] = {&row->sender, &row->recipient};

	for (size_t i = 0; i < ARRAY_LENGTH(users); i++) {
		names[3 * i] = &users[i]->username;
		names[3 * i + 1] = &users[i]->first_name;
		names[3 * i + 2] = &users[i]->last_name;
	}
}

/* Appends a copy of the text, and points the text to it. There must be room. */
static void copy_text(struct buffer *texts, struct dm_text *text)
{
	const char *place = texts->data + texts->length;

	buffer_append(texts, text->data, text->length);
	text->data = place;
}

/* Copies the row's texts. If there is no room, texts.failed is set and the row has none. */
static void copy_texts(struct delivery *delivery)
{
	struct dm_text *names[NAMES];
	size_t length = delivery->row.message.content.length;

	list_names(&delivery->row, names);
	for (size_t i = 0; i < NAMES; i++)
		length += names[i]->length;
	if (!buffer_reserve(&delivery->texts, length))
		return;
	copy_text(&delivery->texts, &delivery->row.message.content);
	for (size_t i = 0; i < NAMES; i++)
		copy_text(&delivery->texts, names[i]);
}

struct delivery *delivery_new(struct webhooks *webhooks, const struct dm_delivery *row)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));

	if (!delivery)
		return NULL;
	delivery->webhooks = webhooks;
	delivery->row = *row;
	delivery->share = budget_share(webhooks->options.budget, -row->webhook_id);
	snprintf(delivery->name, sizeof(delivery->name), "%.*s", (int)row->name.length, row->name.data);
	if (row->traceparent.length > 0 && row->traceparent.length < sizeof(delivery->traceparent))
		memcpy(delivery->traceparent, row->traceparent.data, row->traceparent.length);
	delivery->operation.delivery_result.webhook_id = row->webhook_id;
	delivery->operation.delivery_result.delivery_id = row->id;
	delivery->operation.delivery_result.attempt = row->attempts;
	buffer_init(&delivery->texts, SIZE_MAX);
	buffer_init(&delivery->body, SIZE_MAX);
	buffer_charge(&delivery->texts, delivery->share);
	buffer_charge(&delivery->body, delivery->share);
	if (row->message.id != 0)
		copy_texts(delivery);
	return delivery;
}

void delivery_free(struct delivery *delivery)
{
	buffer_release(&delivery->texts);
	buffer_release(&delivery->body);
	free(delivery);
}

/* The length of the body at most. */
static size_t max_body_length(struct dm_delivery *row)
{
	struct dm_text *names[NAMES];
	size_t length = shape_message_max_length((struct span){row->message.content.data, row->message.content.length});

	list_names(row, names);
	for (size_t i = 0; i < NAMES; i++)
		length += 6 * names[i]->length;
	return length + MAX_REST_LENGTH;
}

enum delivery_body delivery_make_body(struct delivery *delivery)
{
	struct dm_delivery *row = &delivery->row;
	size_t max_length;

	if (row->message.id == 0)
		return DELIVERY_GONE;
	if (!budget_could(delivery->share, row->message.content.length))
		return DELIVERY_TOO_LARGE;
	if (delivery->texts.failed)
		return DELIVERY_LACKS_ROOM;
	max_length = max_body_length(row);
	if (!budget_could(delivery->share, delivery->texts.length + max_length))
		return DELIVERY_TOO_LARGE;
	if (!buffer_reserve(&delivery->body, max_length))
		return DELIVERY_LACKS_ROOM;
	shape_webhook(&delivery->body, delivery_type(row), row);
	buffer_release(&delivery->texts);
	return DELIVERY_HAS_BODY;
}

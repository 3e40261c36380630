/* SPDX-License-Identifier: MIT */
/* admin_messages.c - /admin/messages/: GET finds messages, hidden ones too; POST sends one past the allow list. */
#include "admin_body.h"
#include "admin_listing.h"
#include "admin_names.h"
#include "admin_resources.h"
#include "form.h"
#include "idempotency.h"
#include "links.h"
#include "page.h"
#include "respond.h"
#include "shapes.h"
#include "timestamp.h"

/* ---- GET ----------------------------------------------------------------------------------------------------- */

struct search {
	struct admin_names names; /* user, partner */
	struct dm_page from;
	int64_t since, until;
	struct buffer rows; /* their JSON */
};

static bool add_message(void *context, const struct dm_stored_message *message)
{
	struct buffer *rows = &((struct search *)((struct exchange *)context)->resource)->rows;

	if (rows->length > 0)
		buffer_append_char(rows, ',');
	shape_stored_message(rows, message);
	return rows->length < PAGE_BYTES;
}

static enum http_outcome found(struct exchange *exchange)
{
	const struct dm_op_messages_find *find = &exchange->operation.messages_find;
	const struct dm_page next = {
		.has_position = true, .position = find->next_position, .row_id = find->next_row_id};
	struct search *search = exchange->resource;
	struct request *request = exchange->request;
	struct buffer *out = &request->response.body;
	enum http_outcome outcome;

	if (exchange->operation.status == DM_OK) {
		BUFFER_APPEND_LITERAL(out, "{\"next\":");
		if (find->more)
			page_append_link(out, &next, CURSOR_TIME, links_own_url(exchange), request->query,
					 &request->arena);
		else
			BUFFER_APPEND_LITERAL(out, "null");
		BUFFER_APPEND_LITERAL(out, ",\"previous\":null,\"results\":[");
		buffer_append_span(out, buffer_span(&search->rows));
		BUFFER_APPEND_LITERAL(out, "]}");
		out->failed |= search->rows.failed;
		outcome = respond(exchange, 200);
	} else {
		outcome = respond_failure(exchange, NULL);
	}
	buffer_release(&search->rows);
	return outcome;
}

static enum http_outcome find(struct exchange *exchange)
{
	struct search *search = exchange->resource;

	buffer_init(&search->rows, SIZE_MAX);
	buffer_charge(&search->rows, exchange->share);
	exchange_operation(exchange, DM_OP_MESSAGES_FIND)->messages_find =
		(struct dm_op_messages_find){.user_id = search->names.ids[0],
					     .partner_id = search->names.ids[1],
					     .since = search->since,
					     .until = search->until,
					     .has_position = search->from.has_position,
					     .position = search->from.position,
					     .row_id = search->from.row_id,
					     .limit = ADMIN_PAGE_SIZE,
					     .max_bytes = PAGE_BYTES,
					     .on_message = add_message};
	return exchange_await(exchange, found);
}

/* Reads a time of the query, which may be left out. False after it has responded. */
static bool read_time(struct exchange *exchange, struct span name, int64_t *time)
{
	struct span text;

	if (!form_find(exchange->request->query, &exchange->request->arena, name, FORM_LAST, &text) ||
	    timestamp_parse(text, time))
		return true;
	respond_error(exchange, 400, "%.*s must be a time, such as 2026-11-29T12:00:00Z.", (int)name.length, name.data);
	return false;
}

/* Reads ?cursor=. False after it has responded. */
static bool read_cursor(struct exchange *exchange, struct dm_page *from)
{
	struct arena *arena = &exchange->request->arena;
	struct span cursor;

	if (!form_find(exchange->request->query, arena, SPAN("cursor"), FORM_LAST, &cursor))
		return true;
	if (cursor_decode(cursor, CURSOR_TIME, arena, from) && (!from->has_position || from->row_id > 0))
		return true;
	respond_error(exchange, 404, "Invalid cursor");
	return false;
}

enum http_outcome admin_messages_get(struct exchange *exchange)
{
	static const char *const fields[] = {"user", "partner"};
	struct arena *arena = &exchange->request->arena;
	struct search *search = arena_alloc(arena, sizeof(*search));

	if (!search)
		return respond_no_room(exchange->request);
	*search = (struct search){.names = {.count = ARRAY_LENGTH(fields)}};
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
		if (!form_find(exchange->request->query, arena, span_from(fields[i]), FORM_LAST,
			       &search->names.texts[i]))
			search->names.texts[i] = (struct span){NULL, 0};
	if (search->names.texts[1].data && !search->names.texts[0].data)
		return respond_error(exchange, 400, "partner needs user.");
	if (!read_time(exchange, SPAN("since"), &search->since) ||
	    !read_time(exchange, SPAN("until"), &search->until) || !read_cursor(exchange, &search->from))
		return HTTP_RESPOND;
	return admin_find_names(exchange, &search->names, fields, find);
}

/* ---- POST ---------------------------------------------------------------------------------------------------- */

struct notice {
	struct admin_names names; /* from, to */
	struct span content;
	const char *idempotency_key;
};

static bool add_notice(void *context, const struct dm_message *message)
{
	shape_plain_message(&((struct exchange *)context)->request->response.body, message);
	return true;
}

static enum http_outcome sent(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	if (exchange->operation.send.replayed)
		return idempotency_respond(exchange, add_notice);
	exchange->is_stored = true;
	add_notice(exchange, &exchange->operation.send.message);
	return respond(exchange, 201);
}

static enum http_outcome send_notice(struct exchange *exchange)
{
	const struct notice *notice = exchange->resource;

	exchange_operation(exchange, DM_OP_SEND)->send =
		(struct dm_op_send){.sender_id = notice->names.ids[0],
				    .recipient_id = notice->names.ids[1],
				    .content = {notice->content.data, notice->content.length},
				    .unrestricted = true,
				    .idempotency_key = notice->idempotency_key};
	return exchange_await(exchange, sent);
}

enum http_outcome admin_messages_post(struct exchange *exchange)
{
	static const char *const fields[] = {"from", "to"};
	struct json_member members[] = {{.name = "from"}, {.name = "to"}, {.name = "content"}};
	struct notice *notice = arena_alloc(&exchange->request->arena, sizeof(*notice));
	const char *key;

	if (!notice)
		return respond_no_room(exchange->request);
	if (!idempotency_read(exchange, &key) || !admin_body(exchange, members, ARRAY_LENGTH(members)))
		return HTTP_RESPOND;
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		if (!members[i].is_given)
			return respond_error(exchange, 400, "%s is required", members[i].name);
	*notice = (struct notice){.names = {.texts = {members[0].text, members[1].text}, .count = ARRAY_LENGTH(fields)},
				  .content = members[2].text,
				  .idempotency_key = key};
	return admin_find_names(exchange, &notice->names, fields, send_notice);
}

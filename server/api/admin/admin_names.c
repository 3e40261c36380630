/* SPDX-License-Identifier: MIT */
/* admin_names.c - users that a request names: an id, or @ and a username. */
#include "admin_names.h"

#include "respond.h"

static bool copy_id(void *context, const struct dm_user *user)
{
	struct admin_names *names = ((struct exchange *)context)->resource;

	names->ids[names->next] = user->id;
	return true;
}

static enum http_outcome find_next(struct exchange *exchange);

static enum http_outcome found(struct exchange *exchange)
{
	struct admin_names *names = exchange->resource;

	if (exchange->operation.status == DM_OK && names->ids[names->next] == 0) /* it would mean everybody */
		exchange->operation.status = DM_NOT_FOUND;
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	names->next++;
	return find_next(exchange);
}

static enum http_outcome find_next(struct exchange *exchange)
{
	struct admin_names *names = exchange->resource;
	struct span text;

	while (names->next < names->count && !names->texts[names->next].data)
		names->next++;
	if (names->next == names->count)
		return names->then(exchange);
	text = names->texts[names->next];
	if (*text.data == '@')
		exchange_operation(exchange, DM_OP_USER_BY_NAME)->user_by_name =
			(struct dm_op_user_by_name){.username = {text.data + 1, text.length - 1}, .on_user = copy_id};
	else
		exchange_operation(exchange, DM_OP_USER_BY_ID)->user_by_id =
			(struct dm_op_user_by_id){.user_id = names->ids[names->next], .on_user = copy_id};
	return exchange_await(exchange, found);
}

/* Reads "@jane" or "5" into ids[which]; a number that is no id of ours is nobody's. */
static bool parse(struct admin_names *names, size_t which)
{
	struct span text = names->texts[which];

	if (text.length > 1 && *text.data == '@')
		return true;
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	if (text.length > 0 && !span_to_int64(text, &names->ids[which]))
		names->ids[which] = NO_ID;
	return text.length > 0;
}

enum http_outcome admin_find_names(struct exchange *exchange, struct admin_names *names, const char *const *fields,
				   exchange_step *then)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->texts[i].data && !parse(names, i))
			return respond_error(exchange, 400, "%s must be an id, or @ and a username.", fields[i]);
	names->next = 0;
	names->then = then;
	exchange->resource = names;
	return find_next(exchange);
}

enum http_outcome admin_find_target(struct exchange *exchange, struct admin_names *names, exchange_step *then)
{
	names->count = 1;
	names->next = 0;
	names->then = then;
	names->ids[0] = exchange->target_id;
	names->texts[0] = SPAN("0"); /* there is one: the id */
	exchange->resource = names;
	if (!exchange->target_name.data)
		return find_next(exchange);
	exchange_operation(exchange, DM_OP_USER_BY_NAME)->user_by_name = (struct dm_op_user_by_name){
		.username = {exchange->target_name.data, exchange->target_name.length}, .on_user = copy_id};
	return exchange_await(exchange, found);
}

/* SPDX-License-Identifier: MIT */
/* blocks.c - GET blocks/: a page of the users whom the caller blocks. PUT and DELETE blocks/<user>/: blocks one, and
 * ends that. */
#include "listing.h"
#include "messages_resources.h"
#include "respond.h"
#include "shapes.h"

static bool add_blocked(void *context, const struct dm_blocked *blocked)
{
	struct page *page = ((struct exchange *)context)->resource;

	if (!page_add(page, blocked->blocked_at, blocked->user.id))
		return false;
	shape_blocked(&page->rows, blocked);
	return true;
}

enum http_outcome blocks_get(struct exchange *exchange)
{
	struct page *page = listing_begin(exchange, CURSOR_TIME);

	if (!page)
		return HTTP_RESPOND;
	exchange_operation(exchange, DM_OP_BLOCKS)->blocks =
		(struct dm_op_blocks){.user_id = exchange->user_id, .page = page->from, .on_blocked = add_blocked};
	return exchange_await(exchange, listing_respond);
}

static enum http_outcome changed(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	return respond_empty(exchange, 204);
}

enum http_outcome block_put(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_BLOCK)->block =
		(struct dm_op_block){.user_id = exchange->user_id, .blocked_id = exchange->target_id};
	return exchange_await(exchange, changed);
}

enum http_outcome block_delete(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_UNBLOCK)->unblock =
		(struct dm_op_unblock){.user_id = exchange->user_id, .blocked_id = exchange->target_id};
	return exchange_await(exchange, changed);
}

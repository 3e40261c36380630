/* SPDX-License-Identifier: MIT */
/* conversations.c - GET conversations/: a page of the caller's partners. */
#include "listing.h"
#include "messages_resources.h"
#include "shapes.h"

static bool add_partner(void *context, const struct dm_user *user)
{
	struct page *page = ((struct exchange *)context)->resource;

	if (page_add(page, user->id, user->id))
		shape_partner(&page->rows, user);
	return true;
}

enum http_outcome conversations_get(struct exchange *exchange)
{
	struct page *page = listing_begin(exchange, CURSOR_ID);

	if (!page)
		return HTTP_RESPOND;
	exchange_operation(exchange, DM_OP_PARTNERS)->partners =
		(struct dm_op_partners){.user_id = exchange->user_id, .page = page->from, .on_user = add_partner};
	return exchange_await(exchange, listing_respond);
}

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
	struct dm_operation *operation;

	if (!page)
		return HTTP_RESPOND;
	operation = exchange_operation(exchange, DM_OP_PARTNERS);
	operation->page = page->from;
	operation->on_user = add_partner;
	return exchange_await(exchange, listing_respond);
}

/* SPDX-License-Identifier: MIT */
/* admin_users.c - GET /admin/users/: a page of all users, lowest id first. */
#include "admin_listing.h"
#include "admin_resources.h"
#include "shapes.h"

static bool add_user(void *context, const struct dm_user *user)
{
	struct admin_listing *listing = ((struct exchange *)context)->resource;

	if (!admin_listing_add(listing, user->id))
		return false;
	shape_user(&listing->rows, user);
	return true;
}

enum http_outcome admin_users_get(struct exchange *exchange)
{
	const struct admin_listing *listing = admin_listing_begin(exchange);

	if (!listing)
		return HTTP_RESPOND;
	exchange_operation(exchange, DM_OP_USERS)->users = (struct dm_op_users){.on_user = add_user,
										.has_after = listing->from.has_position,
										.after = listing->from.position,
										.limit = listing->from.limit};
	return exchange_await(exchange, admin_listing_respond);
}

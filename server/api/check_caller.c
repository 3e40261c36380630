/* SPDX-License-Identifier: MIT */
/* check_caller.c - the check of who is calling: by a token in Authorization, or by a ticket in ?ticket=. */
#include "budget.h"
#include "checks.h"
#include "form.h"
#include "respond.h"
#include "token.h"

/* From here on, what the request holds is counted as the caller's. */
static bool set_caller(void *context, const struct dm_user *user)
{
	struct exchange *exchange = context;
	struct request *request = exchange->request;

	exchange->user_id = user->id;
	exchange->share = budget_share(exchange->api->budget, user->id);
	request->user_id = user->id;
	request->arena.share = exchange->share;
	buffer_charge(&request->body, exchange->share);
	buffer_charge(&request->response.body, exchange->share);
	return true;
}

static enum http_outcome authenticated(struct exchange *exchange)
{
	if (exchange->operation.status == DM_NOT_FOUND)
		return respond_error(exchange, 401, "Invalid token.");
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	exchange->target_exists = exchange->operation.authenticate.recipient_exists;
	return CHECK_PASSED;
}

/* Whose key it is, and whether the recipient exists, in one operation. */
static enum http_outcome authenticate(struct exchange *exchange)
{
	exchange_operation(exchange, DM_OP_AUTHENTICATE)->authenticate =
		(struct dm_op_authenticate){.key = {exchange->key.data, exchange->key.length},
					    .with_recipient = exchange->route->to_user,
					    .recipient_id = exchange->target_id,
					    .on_user = set_caller};
	return exchange_await(exchange, authenticated);
}

static enum http_outcome ticket_redeemed(struct exchange *exchange)
{
	if (exchange->operation.status == DM_NOT_FOUND)
		return respond_error(exchange, 401, "Invalid ticket.");
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	exchange->key = arena_copy(&exchange->request->arena, span_from(exchange->operation.ticket_redeem.key));
	return authenticate(exchange);
}

static enum http_outcome redeem_ticket(struct exchange *exchange, struct span ticket)
{
	if (!ticket_has_form(ticket))
		return respond_error(exchange, 401, "Invalid ticket.");
	exchange_operation(exchange, DM_OP_TICKET_REDEEM)->ticket_redeem.ticket =
		(struct dm_text){ticket.data, ticket.length};
	return exchange_await(exchange, ticket_redeemed);
}

static bool find_ticket(struct exchange *exchange, struct span *ticket)
{
	struct request *request = exchange->request;

	return exchange->route->accepts_ticket && exchange_has_method(exchange, SPAN("GET")) &&
	       form_find(request->query, &request->arena, SPAN("ticket"), FORM_LAST, ticket);
}

enum http_outcome check_caller(struct exchange *exchange)
{
	struct span header = request_header(exchange->request, "Authorization"), ticket;
	const char *refusal;

	if (!header.data && find_ticket(exchange, &ticket))
		return redeem_ticket(exchange, ticket);
	refusal = token_from_header(header, &exchange->key);
	return refusal ? respond_error(exchange, 401, "%s", refusal) : authenticate(exchange);
}

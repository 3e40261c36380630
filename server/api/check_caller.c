/* SPDX-License-Identifier: MIT */
/* check_caller.c - the check of who is calling. */
#include "auth.h"
#include "checks.h"
#include "form.h"
#include "jwks.h"
#include "log.h"
#include "policy.h"
#include "random.h"
#include "respond.h"
#include "ticket.h"

static const char invalid_ticket[] = "{\"detail\":\"Invalid ticket.\"}";

static bool set_caller(void *context, const struct dm_user *user)
{
	struct exchange *exchange = context;

	exchange->user_id = user->id;
	exchange->request->user_id = user->id;
	exchange_charge(exchange, user->id);
	return true;
}

static enum http_outcome authenticate(struct exchange *exchange);

/* A database that has another encoding than UTF-8 refuses to look for a name that it can't hold: it is nobody's. */
static enum http_outcome authenticate_without_name(struct exchange *exchange)
{
	exchange->target_name = (struct span){NULL, 0};
	return authenticate(exchange);
}

static enum http_outcome refuse(struct exchange *exchange)
{
	const struct credential *credential = exchange->credential;

	if (exchange->operation.status == DM_INVALID && exchange->target_name.data)
		return authenticate_without_name(exchange);
	switch (exchange->operation.status) {
	case DM_INVALID: /* the database has no such letters */
		if (credential->kind != CREDENTIAL_USERNAME)
			return respond_failure(exchange, NULL);
		return respond_refusal(exchange, 401, credential->unknown_user);
	case DM_NOT_FOUND:
		return respond_refusal(exchange, 401, credential->unknown_user);
	case DM_INACTIVE:
		return respond_refusal(exchange, 401, credential->inactive_user);
	default:
		return respond_failure(exchange, NULL);
	}
}

static void set_found(struct exchange *exchange, bool exists, int64_t id, uint32_t unread)
{
	exchange->unread = unread;
	exchange->target_exists = exists;
	if (exchange->target_name.data)
		exchange->target_id = exists ? id : NO_ID;
}

static enum http_outcome token_found(struct exchange *exchange)
{
	if (exchange->operation.status != DM_OK)
		return refuse(exchange);
	set_found(exchange, exchange->operation.authenticate.recipient_exists,
		  exchange->operation.authenticate.found_recipient_id, exchange->operation.authenticate.unread);
	exchange->key = exchange->credential->text;
	return CHECK_PASSED;
}

static enum http_outcome authenticate(struct exchange *exchange);

static enum http_outcome user_found(struct exchange *exchange)
{
	if (exchange->operation.status == DM_NOT_FOUND && exchange->credential->may_create)
		return CHECK_PASSED; /* so far: see check_new_user */
	exchange->credential->may_create = false;
	if (exchange->operation.status != DM_OK)
		return refuse(exchange);
	set_found(exchange, exchange->operation.active_user.recipient_exists,
		  exchange->operation.active_user.found_recipient_id, exchange->operation.active_user.unread);
	exchange->expires_at = exchange->credential->expires_at;
	return CHECK_PASSED;
}

/* Whose the credential is, whether the recipient exists, and what the route counts, in one operation. */
static enum http_outcome authenticate(struct exchange *exchange)
{
	const struct credential *credential = exchange->credential;
	const struct dm_text text = {credential->text.data, credential->text.length};
	const struct dm_text name = {exchange->target_name.data, exchange->target_name.length};
	const bool reads = exchange->is_head || exchange_has_method(exchange, SPAN("GET"));
	const uint32_t counts = reads ? exchange->route->counts : DM_COUNT_NO_UNREAD;

	if (credential->kind == CREDENTIAL_TOKEN) {
		exchange_operation(exchange, DM_OP_AUTHENTICATE)->authenticate =
			(struct dm_op_authenticate){.key = text,
						    .with_recipient = exchange->route->to_user,
						    .recipient_id = exchange->target_id,
						    .recipient_name = name,
						    .count_unread = counts,
						    .on_user = set_caller};
		return exchange_await(exchange, token_found);
	}
	if (credential->kind == CREDENTIAL_USER_ID && credential->user_id < 0) /* some tables have a user -1 */
		return respond_refusal(exchange, 401, credential->unknown_user);
	exchange_operation(exchange, DM_OP_ACTIVE_USER)->active_user =
		(struct dm_op_active_user){.username = text, /* none for CREDENTIAL_USER_ID */
					   .user_id = credential->user_id,
					   .with_recipient = exchange->route->to_user,
					   .recipient_id = exchange->target_id,
					   .recipient_name = name,
					   .count_unread = counts,
					   .on_user = set_caller};
	return exchange_await(exchange, user_found);
}

static enum http_outcome ticket_redeemed(struct exchange *exchange)
{
	struct span key;

	if (exchange->operation.status == DM_NOT_FOUND)
		return respond_refusal(exchange, 401, invalid_ticket);
	if (exchange->operation.status != DM_OK)
		return respond_failure(exchange, NULL);
	key = arena_copy(&exchange->request->arena, span_from(exchange->operation.ticket_redeem.key));
	if (!auth_read_ticket_key(exchange->policy->auth, key, exchange->credential))
		return respond_refusal(exchange, 401, invalid_ticket);
	return authenticate(exchange);
}

static enum http_outcome redeem_ticket(struct exchange *exchange)
{
	struct span ticket = exchange->credential->text;

	if (!ticket_has_form(ticket))
		return respond_refusal(exchange, 401, invalid_ticket);
	exchange_operation(exchange, DM_OP_TICKET_REDEEM)->ticket_redeem.ticket =
		(struct dm_text){ticket.data, ticket.length};
	return exchange_await(exchange, ticket_redeemed);
}

/* Copies the places of a request that may say who calls. */
static void read_presented(struct exchange *exchange, struct presented *presented)
{
	const struct auth *auth = exchange->policy->auth;
	struct request *request = exchange->request;

	*presented = (struct presented){.authorization = request_header(request, "Authorization")};
	if (auth->user_header)
		presented->users = request_header_count(request, auth->user_header, &presented->user);
	if (auth->jwt_cookie)
		presented->cookie_headers = request_header_count(request, "Cookie", &presented->cookies);
	if (exchange->route->accepts_ticket && exchange_has_method(exchange, SPAN("GET")) &&
	    !form_find(request->query, &request->arena, SPAN("ticket"), FORM_LAST, &presented->ticket))
		presented->ticket.data = NULL;
}

static enum scheme_result read_credential(struct exchange *exchange, const char **refusal)
{
	struct presented presented;

	read_presented(exchange, &presented);
	return auth_read(exchange->policy->auth, &presented, &exchange->request->arena, exchange->credential, refusal);
}

static enum http_outcome go_on(struct exchange *exchange, enum scheme_result result, const char *refusal)
{
	switch (result) {
	case SCHEME_READ:
		return exchange->credential->kind == CREDENTIAL_TICKET ? redeem_ticket(exchange)
								       : authenticate(exchange);
	case SCHEME_MALFORMED:
		return respond_refusal(exchange, 400, refusal);
	case SCHEME_REFUSED:
		return respond_refusal(exchange, 401, refusal);
	default:
		return respond_no_room(exchange->request);
	}
}

static void wake(void *request)
{
	request_wake(request);
}

/* The keys have been fetched, or can't be: that would be no fault of the caller's. */
static enum http_outcome keys_fetched(struct exchange *exchange)
{
	const struct jwks_waiter *waiter = exchange->resource;
	const char *refusal;
	enum scheme_result result = read_credential(exchange, &refusal);

	if (result == SCHEME_UNKNOWN_KEY && !waiter->is_current)
		return respond_error(exchange, 503, "Service temporarily unavailable.");
	return go_on(exchange, result == SCHEME_UNKNOWN_KEY ? SCHEME_REFUSED : result, refusal);
}

/* Of a key that isn't known: the issuer may have published it just now. */
static enum http_outcome fetch_keys(struct exchange *exchange)
{
	struct jwks_waiter *waiter = arena_alloc(&exchange->request->arena, sizeof(*waiter));

	if (!waiter)
		return respond_no_room(exchange->request);
	*waiter = (struct jwks_waiter){.wake = wake, .context = exchange->request};
	exchange->resource = waiter;
	exchange_wait_begin(exchange, keys_fetched);
	return jwks_ask(exchange->api->jwks, waiter) ? exchange_wait(exchange) : keys_fetched(exchange);
}

enum http_outcome check_caller(struct exchange *exchange)
{
	const char *refusal;
	enum scheme_result result;

	exchange->credential = arena_alloc(&exchange->request->arena, sizeof(*exchange->credential));
	if (!exchange->credential)
		return respond_no_room(exchange->request);
	result = read_credential(exchange, &refusal);
	return result == SCHEME_UNKNOWN_KEY ? fetch_keys(exchange) : go_on(exchange, result, refusal);
}

/* ---- a user whom a JWT names for the first time --------------------------------------------------------------- */

/* Another request, here or on another server, may have been first; then the user is there as well. */
static enum http_outcome user_created(struct exchange *exchange)
{
	exchange->credential->may_create = false; /* if there is no such user now, that is that */
	switch (exchange->operation.status) {
	case DM_OK:
	case DM_EXISTS:
		return authenticate(exchange);
	case DM_INVALID:
		log_line(LOG_WARNING, "no user was made for a JWT: %s", exchange->operation.error.message);
		return respond_refusal(exchange, 401, exchange->credential->unknown_user);
	default:
		return respond_failure(exchange, NULL);
	}
}

#define UNUSABLE_PASSWORD 41 /* "!" and 40 characters, as Django's */

static enum http_outcome create_user(struct exchange *exchange)
{
	const struct span name = exchange->credential->text;
	char *password = arena_alloc(&exchange->request->arena, UNUSABLE_PASSWORD + 1);

	if (!password)
		return respond_no_room(exchange->request);
	*password = '!';
	if (!random_alphanumeric(password + 1, UNUSABLE_PASSWORD - 1))
		return respond_error(exchange, 503, "Service temporarily unavailable.");
	exchange_operation(exchange, DM_OP_USER_CREATE)->user_create = (struct dm_op_user_create){
		.username = {name.data, name.length}, .password_hash = {password, UNUSABLE_PASSWORD}};
	return exchange_await(exchange, user_created);
}

enum http_outcome check_new_user(struct exchange *exchange)
{
	return exchange->credential->may_create ? create_user(exchange) : CHECK_PASSED;
}

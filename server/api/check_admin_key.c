/* SPDX-License-Identifier: MIT */
/* check_admin_key.c - the check of who administrates. */
#include "admin_key.h"
#include "checks.h"
#include "policy.h"
#include "respond.h"

enum http_outcome check_admin_key(struct exchange *exchange)
{
	struct span header = request_header(exchange->request, "Authorization");
	const char *refusal;

	if (!admin_key_matches(exchange->policy->admin_key, header, &refusal))
		return respond_refusal(exchange, 401, refusal);
	exchange_charge(exchange, 0);
	return CHECK_PASSED;
}

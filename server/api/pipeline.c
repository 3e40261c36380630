/* SPDX-License-Identifier: MIT */
/* pipeline.c - the way of every request: the checks in their order, then the resource. */
#include "pipeline.h"

#include "checks.h"
#include "monitor.h"
#include "policy.h"
#include "respond.h"
#include "routes.h"

/* The order is the contract's: the first check that fails decides the response. Each applies to the routes of the areas
 * beside it; check_route finds out which area that is. */
/* clang-format off */
static const struct {
	exchange_step *check;
	unsigned areas;
} checks[] = {
	{check_head,      AREA_API | AREA_SERVER | AREA_ADMIN}, /* 400, 501 */
	{check_length,    AREA_API | AREA_SERVER | AREA_ADMIN}, /* 413 */
	{check_host,      AREA_API | AREA_SERVER | AREA_ADMIN}, /* 400 */
	{check_route,     AREA_API | AREA_SERVER | AREA_ADMIN}, /* 404, 301, 308 */
	{check_preflight, AREA_API | AREA_SERVER},              /* 204 */
	{check_accept,    AREA_API | AREA_ADMIN},               /* 404, 406 */
	{check_caller,    AREA_API},                            /* 401; runs an operation */
	{check_admin_key, AREA_ADMIN},                          /* 401 */
	{check_origin,    AREA_API},                            /* 403 */
	{check_options,   AREA_API | AREA_ADMIN},               /* 200 */
	{check_method,    AREA_API | AREA_SERVER | AREA_ADMIN}, /* 405 */
	{check_new_user,  AREA_API},                            /* 401; only what others have let through makes a user */
	{check_rate,      AREA_API},                            /* 429 */
	{check_recipient, AREA_API},                            /* 404 */
	{check_body,      AREA_API | AREA_ADMIN},               /* 413, 415, 400; waits for the body */
};
/* clang-format on */

static exchange_step *resource_of(const struct exchange *exchange)
{
	return route_step(exchange->route, exchange->request->method);
}

static enum http_outcome run_checks(struct exchange *exchange, enum http_outcome outcome);

/* After a check has waited: `then` is the rest of that check. */
static enum http_outcome resume_checks(struct request *request)
{
	struct exchange *exchange = request->data;

	return run_checks(exchange, exchange->then(exchange));
}

/* Runs the checks that are left, after one with this outcome, and then the resource. */
static enum http_outcome run_checks(struct exchange *exchange, enum http_outcome outcome)
{
	while (outcome == CHECK_PASSED && exchange->next_check < ARRAY_LENGTH(checks)) {
		size_t number = exchange->next_check++;

		if (!exchange->route || (checks[number].areas & route_area(exchange->route)))
			outcome = checks[number].check(exchange);
	}
	if (outcome == CHECK_PASSED)
		return resource_of(exchange)(exchange);
	if (outcome == HTTP_WAIT || outcome == HTTP_NEED_BODY)
		exchange->request->step = resume_checks;
	return outcome;
}

/* All reads before the request first has to wait, from its token to its page, share one transaction if the store reads
 * on this thread (SQLite). If it does not, each step but the last only starts the next operation: WAIT_THEN_WAKER. */
enum http_outcome pipeline_begin(struct request *request)
{
	const struct api *api = request->context;
	struct exchange *exchange;
	enum http_outcome outcome;

	request->kept = policies_hold(api->policies);
	exchange = exchange_new(request);
	request_counts_begin(api->monitor->requests);
	if (!exchange)
		return respond_no_room(request);
	exchange->wait_next = dm_begin_reads(api->handle) ? WAIT_THEN_LOOP : WAIT_THEN_WAKER;
	outcome = run_checks(exchange, CHECK_PASSED);
	dm_end_reads(api->handle);
	return outcome;
}

void pipeline_completed(struct request *request, int64_t microseconds)
{
	const struct api *api = request->context;
	const struct exchange *exchange = request->data;

	request_counts_end(api->monitor->requests, route_number(exchange ? exchange->route : NULL),
			   request->response.status, microseconds);
	policy_leave(request->kept);
}

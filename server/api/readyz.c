/* SPDX-License-Identifier: MIT */
/* readyz.c - GET /readyz: whether requests can be served, which takes a database with an up-to-date schema. */
#include "log.h"
#include "monitor.h"
#include "resources.h"

/* For everybody to read, so without the names in the failure's own sentence; that one is in the log. */
static const char *reason(enum dm_status status)
{
	switch (status) {
	case DM_BUSY:
		return "the database is busy";
	case DM_UNAVAILABLE:
		return "the database is unavailable";
	case DM_SCHEMA:
		return "the database's schema is not up to date";
	default:
		return "internal error";
	}
}

/* A line where it changes, not one for each time that somebody asks. */
static void log_change(struct monitor *monitor, const struct dm_operation *operation)
{
	bool unready = operation->status != DM_OK;

	if (atomic_exchange(&monitor->unready, unready) == unready)
		return;
	if (unready)
		log_line(LOG_WARNING, "not ready: %s", operation->error.message);
	else
		log_line(LOG_INFO, "ready again");
}

static enum http_outcome tell(struct exchange *exchange, unsigned status, const char *text)
{
	buffer_printf(&exchange->request->response.body, "%s\n", text);
	return answer(exchange, status);
}

static enum http_outcome checked(struct exchange *exchange)
{
	const struct dm_operation *operation = &exchange->operation;

	log_change(exchange->api->monitor, operation);
	return operation->status == DM_OK ? tell(exchange, 200, "ok") : tell(exchange, 503, reason(operation->status));
}

enum http_outcome readyz_get(struct exchange *exchange)
{
	if (atomic_load(&exchange->api->monitor->stopping))
		return tell(exchange, 503, "stopping");
	exchange_operation(exchange, DM_OP_CHECK_SCHEMA);
	return exchange_await(exchange, checked);
}

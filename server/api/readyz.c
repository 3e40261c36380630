/* SPDX-License-Identifier: MIT */
/* readyz.c - GET /readyz: whether requests can be served, which takes a database with an up-to-date schema. */
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

static enum http_outcome tell(struct exchange *exchange, unsigned status, const char *text)
{
	buffer_printf(&exchange->request->response.body, "%s\n", text);
	return answer(exchange, status);
}

static enum http_outcome checked(struct exchange *exchange)
{
	enum dm_status status = readiness_status(&exchange->api->monitor->readiness);

	if (atomic_load(&exchange->api->monitor->stopping))
		return tell(exchange, 503, "stopping");
	return status == DM_OK ? tell(exchange, 200, "ok") : tell(exchange, 503, reason(status));
}

enum http_outcome readyz_get(struct exchange *exchange)
{
	return atomic_load(&exchange->api->monitor->stopping) ? checked(exchange) : readiness_await(exchange, checked);
}

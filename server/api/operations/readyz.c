/* SPDX-License-Identifier: MIT */
/* readyz.c - GET /readyz: whether requests can be served: the database is there, and its schema is up to date. */
#include "monitor.h"
#include "operations_resources.h"
#include "respond.h"

/* Everybody can read this, so it has no names; the log has the failure's own sentence. */
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

static enum http_outcome say(struct exchange *exchange, unsigned status, const char *text)
{
	buffer_printf(&exchange->request->response.body, "%s\n", text);
	return respond(exchange, status);
}

static enum http_outcome checked(struct exchange *exchange)
{
	enum dm_status status = readiness_status(&exchange->api->monitor->readiness);

	if (atomic_load(&exchange->api->monitor->stopping))
		return say(exchange, 503, "stopping");
	return status == DM_OK ? say(exchange, 200, "ok") : say(exchange, 503, reason(status));
}

enum http_outcome readyz_get(struct exchange *exchange)
{
	return atomic_load(&exchange->api->monitor->stopping)
		       ? checked(exchange)
		       : readiness_await(&exchange->api->monitor->readiness, exchange, checked);
}

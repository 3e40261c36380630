/* SPDX-License-Identifier: MIT */
/* metrics.c - GET /metrics: the metrics, for Prometheus. */
#include "exposition.h"
#include "hub.h"
#include "log_writer.h"
#include "monitor.h"
#include "operations_resources.h"
#include "process.h"
#include "respond.h"
#include "throttle.h"

#include "clock.h"
#include "directmessages.h"

#include <stdio.h>

/* What the families are written from. */
struct view {
	struct monitor *monitor;
	struct dm_stats store;
	bool store_is_up;
	struct process_usage process;
	struct hub_counts streams; /* all 0 without a hub */
	uint64_t refusals[THROTTLED_LIMITS];
};

/* ---- requests ------------------------------------------------------------------------------------------------ */

/* A status of 0, of a client that left before its response, is shown as "none". */
static void write_status(struct buffer *out, const struct view *view, const char *name, size_t route, unsigned status)
{
	uint64_t count = request_counts_of(view->monitor->requests, route, status);
	char code[8] = "none";

	if (count == 0)
		return;
	if (status != 0)
		snprintf(code, sizeof(code), "%u", status);
	exposition_sample(out, (double)count, "%s{route=\"%s\",status=\"%s\"}", name,
			  view->monitor->route_pattern(route), code);
}

static void requests(struct buffer *out, const struct view *view, const char *name)
{
	for (size_t route = 0; route < view->monitor->routes_count; route++) {
		write_status(out, view, name, route, 0);
		for (unsigned status = REQUEST_STATUS_FIRST; status < REQUEST_STATUS_END; status++)
			write_status(out, view, name, route, status);
	}
}

static void durations(struct buffer *out, const struct view *view, const char *name)
{
	for (size_t route = 0; route < view->monitor->routes_count; route++) {
		struct request_durations measured;
		struct exposition_histogram histogram = {
			.bounds = request_bounds,
			.bounds_count = REQUEST_BOUNDS,
			.counts = measured.counts,
			.unit = 1e-6,
		};
		char labels[96];

		request_counts_durations(view->monitor->requests, route, &measured);
		histogram.sum = measured.sum;
		snprintf(labels, sizeof(labels), "route=\"%s\"", view->monitor->route_pattern(route));
		exposition_histogram(out, &histogram, name, labels);
	}
}

static void under_way(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)request_counts_under_way(view->monitor->requests), "%s", name);
}

static void connections(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)atomic_load(&view->monitor->connections.open), "%s", name);
}

static void connections_quiet(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)atomic_load(&view->monitor->connections.aside), "%s", name);
}

static void connections_closed(struct buffer *out, const struct view *view, const char *name)
{
	for (unsigned why = 0; why < HTTP_CLOSED_REASONS; why++)
		exposition_sample(out, (double)atomic_load(&view->monitor->connections.closed[why]),
				  "%s{reason=\"%s\"}", name, http_closed_name(why));
}

static void buffers(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)atomic_load(&view->monitor->budget->held), "%s", name);
}

static void buffers_max(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->monitor->budget->limit, "%s", name);
}

static void buffers_refused(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)atomic_load(&view->monitor->budget->refused), "%s", name);
}

static void limit_refusals(struct buffer *out, const struct view *view, const char *name)
{
	static const char *const limits[THROTTLED_LIMITS] = {"send", "new_partners"};

	for (size_t i = 0; i < THROTTLED_LIMITS; i++)
		exposition_sample(out, (double)view->refusals[i], "%s{limit=\"%s\"}", name, limits[i]);
}

/* ---- the store ----------------------------------------------------------------------------------------------- */

static void store_up(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, view->store_is_up, "%s", name);
}

static void failures(struct buffer *out, const struct view *view, const char *name)
{
	static const char *const reasons[DM_INTERNAL + 1] = {
		[DM_BUSY] = "busy",           [DM_UNAVAILABLE] = "unavailable", [DM_SCHEMA] = "schema",
		[DM_NO_MEMORY] = "no_memory", [DM_INTERNAL] = "internal",
	};

	for (size_t status = 0; status < ARRAY_LENGTH(reasons); status++)
		if (reasons[status])
			exposition_sample(out, (double)view->store.failures[status], "%s{reason=\"%s\"}", name,
					  reasons[status]);
}

static void commits(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->store.commits, "%s", name);
}

static void standby_reads(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->store.standby_reads, "%s", name);
}

static void standby_fallbacks(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->store.standby_fallbacks, "%s", name);
}

static void lanes(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->store.lanes, "%s", name);
}

static void waiting(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->store.waiting, "%s", name);
}

static void waiting_max(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->store.max_waiting, "%s", name);
}

static void batches(struct buffer *out, const struct view *view, const char *name)
{
	int64_t bounds[DM_BATCH_CLASSES];
	uint64_t counts[DM_BATCH_CLASSES + 1] = {0};
	const struct exposition_histogram histogram = {
		.bounds = bounds,
		.bounds_count = DM_BATCH_CLASSES,
		.counts = counts,
		.sum = (int64_t)view->store.operations,
		.unit = 1,
	};

	for (size_t i = 0; i < DM_BATCH_CLASSES; i++) {
		bounds[i] = (int64_t)1 << i;
		counts[i] = view->store.batches[i];
	}
	exposition_histogram(out, &histogram, name, "");
}

/* ---- event streams ------------------------------------------------------------------------------------------- */

static void streams(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->streams.open, "%s", name);
}

static void streams_opened(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->streams.opened, "%s", name);
}

static void streams_dropped(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->streams.dropped, "%s", name);
}

static void events_dispatched(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->streams.dispatched, "%s", name);
}

/* ---- webhooks ------------------------------------------------------------------------------------------------ */

static void attempts(struct buffer *out, const struct view *view, const char *name)
{
	struct webhook_counts *counts = view->monitor->webhooks;

	exposition_sample(out, (double)atomic_load(&counts->delivered), "%s{outcome=\"delivered\"}", name);
	exposition_sample(out, (double)atomic_load(&counts->failed), "%s{outcome=\"failed\"}", name);
}

static void given_up(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)atomic_load(&view->monitor->webhooks->given_up), "%s", name);
}

static void disabled(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)atomic_load(&view->monitor->webhooks->disabled), "%s", name);
}

static void outbox(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)atomic_load(&view->monitor->webhooks->waiting), "%s", name);
}

static void outbox_age(struct buffer *out, const struct view *view, const char *name)
{
	int64_t oldest_at = atomic_load(&view->monitor->webhooks->oldest_at);

	exposition_sample(out, oldest_at == 0 ? 0 : (double)(clock_now() - oldest_at) / 1e6, "%s", name);
}

/* ---- keys of JWTs -------------------------------------------------------------------------------------------- */

static void fetches(struct buffer *out, const struct view *view, const char *name)
{
	struct jwks_counts *counts = &view->monitor->jwks;

	exposition_sample(out, (double)atomic_load(&counts->changed), "%s{result=\"changed\"}", name);
	exposition_sample(out, (double)atomic_load(&counts->unchanged), "%s{result=\"unchanged\"}", name);
	exposition_sample(out, (double)atomic_load(&counts->failed), "%s{result=\"failed\"}", name);
}

/* ---- the process --------------------------------------------------------------------------------------------- */

static void build(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, 1, "%s{version=\"%s\",backend=\"%s\"}", name, dm_version(), view->store.backend);
}

static void started(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->monitor->started_at / 1e6, "%s", name);
}

static void reload_successful(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, !atomic_load(&view->monitor->reload.failed), "%s", name);
}

static void reload_time(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)atomic_load(&view->monitor->reload.succeeded_at) / 1e6, "%s", name);
}

static void log_dropped(struct buffer *out, const struct view *view, const char *name)
{
	(void)view;
	exposition_sample(out, (double)log_lines_dropped(), "%s", name);
}

static void cpu(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, view->process.cpu_seconds, "%s", name);
}

static void resident(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->process.resident_bytes, "%s", name);
}

static void address_space(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->process.virtual_bytes, "%s", name);
}

static void open_files(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->process.open_files, "%s", name);
}

static void open_files_max(struct buffer *out, const struct view *view, const char *name)
{
	exposition_sample(out, (double)view->process.max_open_files, "%s", name);
}

/* ---- the table ----------------------------------------------------------------------------------------------- */

#define OURS(name) "directmessages_" name

/* The functions run on a loop that serves other requests too: they must not block. */
/* clang-format off */
static const struct {
	const char *name, *type, *help;
	void (*write)(struct buffer *out, const struct view *view, const char *name);
} families[] = {
	{OURS("http_requests_total"), "counter", "Requests that have ended, by route and status.", requests},
	{OURS("http_request_duration_seconds"), "histogram", "Time from the head of a request to the end of its response.", durations},
	{OURS("http_requests_in_flight"), "gauge", "Requests under way, including this one.", under_way},
	{OURS("http_connections"), "gauge", "Open client connections.", connections},
	{OURS("http_connections_quiet"), "gauge", "Open client connections that are quiet and need next to no memory.", connections_quiet},
	{OURS("http_connections_closed_total"), "counter", "Connections closed by the server, by reason.", connections_closed},
	{OURS("buffer_bytes"), "gauge", "Bytes held by large request bodies, responses and queues.", buffers},
	{OURS("buffer_bytes_max"), "gauge", "Maximum of directmessages_buffer_bytes; beyond it requests get 503.", buffers_max},
	{OURS("buffer_refused_total"), "counter", "Allocations refused because of that maximum.", buffers_refused},
	{OURS("limit_refusals_total"), "counter", "Requests refused with 429 because a user sends too often, by limit.", limit_refusals},
	{OURS("store_up"), "gauge", "1 if the database responded within the last second, takes writes and has the right schema, else 0.", store_up},
	{OURS("store_failures_total"), "counter", "Operations that failed because of the database, by reason.", failures},
	{OURS("store_commits_total"), "counter", "Transactions committed durably.", commits},
	{OURS("standby_reads_total"), "counter", "Reads that a standby has answered.", standby_reads},
	{OURS("standby_fallbacks_total"), "counter", "Reads that no standby could answer, so that the primary did.", standby_fallbacks},
	{OURS("lanes"), "gauge", "Threads that run operations in batches.", lanes},
	{OURS("lane_operations_waiting"), "gauge", "Operations waiting for a lane.", waiting},
	{OURS("lane_operations_waiting_max"), "gauge", "Maximum of directmessages_lane_operations_waiting; beyond it requests get 503.", waiting_max},
	{OURS("lane_batch_operations"), "histogram", "Operations per batch.", batches},
	{OURS("event_streams"), "gauge", "Open event streams.", streams},
	{OURS("event_streams_opened_total"), "counter", "Event streams opened.", streams_opened},
	{OURS("event_streams_dropped_total"), "counter", "Event streams closed because the client was too slow.", streams_dropped},
	{OURS("events_dispatched_total"), "counter", "Events put into event streams, including replayed ones.", events_dispatched},
	{OURS("webhook_attempts_total"), "counter", "Requests to webhook endpoints, by outcome.", attempts},
	{OURS("webhook_given_up_total"), "counter", "Deliveries given up after their last attempt.", given_up},
	{OURS("webhook_disabled_total"), "counter", "Endpoints disabled by this server.", disabled},
	{OURS("outbox_waiting"), "gauge", "Deliveries pending or under way, and events not yet made into deliveries.", outbox},
	{OURS("outbox_oldest_seconds"), "gauge", "Age of the oldest delivery or event in directmessages_outbox_waiting.", outbox_age},
	{OURS("jwks_fetches_total"), "counter", "Fetches of the keys of JWTs, by result.", fetches},
	{OURS("log_lines_dropped_total"), "counter", "Log lines dropped because they were not read in time or could not be written.", log_dropped},
	{OURS("config_last_reload_successful"), "gauge", "1 if the last reload of the settings succeeded, else 0.", reload_successful},
	{OURS("config_last_reload_success_timestamp_seconds"), "gauge", "When settings were last read and used, seconds since 1970.", reload_time},
	{OURS("build_info"), "gauge", "Always 1; the labels give the version and the kind of database.", build},
	{"process_start_time_seconds", "gauge", "Start time of the process, seconds since 1970.", started},
	{"process_cpu_seconds_total", "counter", "User and system CPU time of the process.", cpu},
	{"process_resident_memory_bytes", "gauge", "Resident memory of the process.", resident},
	{"process_virtual_memory_bytes", "gauge", "Address space of the process.", address_space},
	{"process_open_fds", "gauge", "Open file descriptors, including connections.", open_files},
	{"process_max_fds", "gauge", "Maximum number of open file descriptors.", open_files_max},
};
/* clang-format on */

static enum http_outcome checked(struct exchange *exchange)
{
	struct view view = {
		.monitor = exchange->api->monitor,
		.store_is_up = readiness_status(&exchange->api->monitor->readiness) == DM_OK,
		.store = DM_STATS_INIT,
	};

	dm_stats(exchange->api->handle, &view.store);
	process_usage_read(&view.process);
	for (size_t i = 0; i < THROTTLED_LIMITS; i++)
		view.refusals[i] = throttle_refusals(exchange->api->throttle, (enum throttled)i);
	if (exchange->api->hub)
		hub_count(exchange->api->hub, &view.streams);
	for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
		exposition_family(&exchange->request->response.body, families[i].name, families[i].type,
				  families[i].help);
		families[i].write(&exchange->request->response.body, &view, families[i].name);
	}
	return respond(exchange, 200);
}

enum http_outcome metrics_get(struct exchange *exchange)
{
	return readiness_await(&exchange->api->monitor->readiness, exchange, checked);
}

/* SPDX-License-Identifier: MIT */
/* serve.c - wires everything together and serves until it is told to stop. */
#include "config.h"

#include "cli.h"
#include "clock.h"
#include "database.h"
#include "directmessages.h"
#include "document.h"
#include "front.h"
#include "give_back.h"
#include "hub.h"
#include "log.h"
#include "log_writer.h"
#include "monitor.h"
#include "notify.h"
#include "routes.h"
#include "schema_watch.h"
#include "settings.h"
#include "subcommands.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* How long requests under way may take to end after SIGTERM; what waits for the store ends by the store's time limit.
 */
#define STOP_SECONDS 10

/* How often it is looked whether memory can be given back, and about how much a connection has. */
#define LOOK_SECONDS 2
#define CONNECTION_BYTES 16384

/* Those of --admin-listen, at once. */
#define ADMIN_CONNECTIONS 64

/* SIGTERM and SIGINT are taken by sigwait alone: blocked before any thread is started, and so in all of them. */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN); /* a client that has left is no reason to end */
	signal(SIGXFSZ, SIG_IGN); /* nor is a file at its limit: the write fails, and that is told */
}

/* From now on another one ends the process at once: what was acknowledged is in the store. */
static void unblock_signals(const sigset_t *set)
{
	pthread_sigmask(SIG_UNBLOCK, set, NULL);
}

/* Each connection is an open file, and each stream, which counts as none any more: takes what the system allows. */
static void raise_file_limit(const struct config *config)
{
	size_t streams = config->record_events ? config->events.max_streams : 0;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < config->connections + streams + ADMIN_CONNECTIONS + 64)
		log_line(
			LOG_WARNING,
			"only %llu files may be open, for up to %u connections and %zu event streams; raise the limit (ulimit -n)",
			(unsigned long long)limit.rlim_cur, config->connections, streams);
}

static dm *open_database(const struct config *config, bool migrate, int *status)
{
	const struct dm_options options = {
		.size = sizeof(options),
		.allowed_recipients = config->allowed_recipients,
		.allowed_recipients_count = config->allowed_recipients_count,
		.max_content_length = config->content_length,
		.busy_timeout_ms = config->busy_timeout_ms,
		.lanes = config->lanes,
		.record_events = config->record_events,
	};

	return database_open_unchecked(&options, migrate, status);
}

/* Which database, so that nobody looks for messages in another one. */
static void log_database(dm *handle)
{
	struct dm_stats stats = DM_STATS_INIT;

	dm_stats(handle, &stats);
	log_line(LOG_INFO, "database %s", stats.database);
}

static bool open_admin(const struct config *config, struct front *admin, const struct http_options *options)
{
	struct http_options own = *options;

	if (!config->admin_listen)
		return true;
	own.threads = 1;
	own.connections = ADMIN_CONNECTIONS;
	own.connections_per_address = 0;
	if (!front_open(admin, config->admin_listen, "--admin-listen", "DIRECTMESSAGES_ADMIN_LISTEN", &own))
		return false;
	front_log(admin, "health and metrics on", "/");
	return true;
}

static int wait_for_signal(struct monitor *monitor, const sigset_t *signals)
{
	static const struct timespec pause = {.tv_sec = LOOK_SECONDS};
	struct give_back give_back = {0};
	int signal_number;

	give_back_look(&give_back, 0);
	while ((signal_number = sigtimedwait(signals, NULL, &pause)) <= 0)
		give_back_look(&give_back, monitor->connections.open * CONNECTION_BYTES + monitor->budget->held);
	return signal_number;
}

/* Serves until a signal comes. */
static int serve_addresses(const struct config *config, const struct api *api, const sigset_t *signals)
{
	struct front public = {.api = *api}, admin = {.api = *api};
	struct http_options options = {
		.threads = config->threads,
		.connections = config->connections,
		.connections_per_address = config->connections_per_address,
		.idle_seconds = config->idle_seconds,
		.slow_seconds = config->slow_seconds,
		.slow_rate = config->slow_rate,
		.header_bytes = config->header_bytes,
		.body_bytes = config->body_bytes,
		.counts = &api->monitor->connections,
	};
	int signal_number = 0;
	bool opened;

	public.api.shows_public = admin.api.shows_admin = true;
	public.api.shows_admin = !config->admin_listen;
	opened = open_admin(config, &admin, &options) &&
		 front_open(&public, config->listen, "--listen", "DIRECTMESSAGES_LISTEN", &options);
	if (opened) {
		front_log(&public, "listening on", config->prefix);
		notify("READY=1\nSTATUS=serving on %s", public.listener.name);
		signal_number = wait_for_signal(api->monitor, signals);
		notify("STOPPING=1\nSTATUS=answering what is under way");
		atomic_store(&api->monitor->stopping, true);
		log_line(LOG_INFO, "stopping on %s", signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
		unblock_signals(signals);
	}
	if (api->hub)
		hub_end_streams(api->hub);
	front_close(&public, STOP_SECONDS);
	front_close(&admin, STOP_SECONDS);
	return opened ? EXIT_SUCCESS : EXIT_FAILED;
}

/* The event streams, where events are recorded; false where there is no memory for them. */
static bool start_hub(const struct config *config, dm *handle, struct budget *budget, struct hub **hub)
{
	struct hub_options options = config->events;

	options.handle = handle;
	options.budget = budget;
	*hub = config->record_events ? hub_start(&options) : NULL;
	return *hub || !config->record_events;
}

/* One user may have an eighth of it, but always as much as the largest body and its answer take: unless that is all of
 * control characters, each of which takes six bytes in JSON. */
static struct budget *new_budget(const struct config *config)
{
	size_t share = config->buffer_bytes / 8;

	if (share < SETTINGS_MIN_BUFFER_BYTES)
		share = SETTINGS_MIN_BUFFER_BYTES;
	if (share < 4 * config->body_bytes)
		share = 4 * config->body_bytes;
	return budget_new(config->buffer_bytes, share);
}

static void end_budget(struct budget *budget)
{
	if (budget && budget->held > 0)
		log_line(LOG_ERROR, "%zu bytes of buffers were not given back: a defect of this program",
			 (size_t)budget->held);
	budget_free(budget);
}

static int serve_api(const struct config *config, dm *handle, struct budget *budget, struct webhook_counts *counts,
		     const sigset_t *signals)
{
	struct document document;
	struct monitor monitor = {
		.webhooks = counts,
		.budget = budget,
		.started_at = clock_now(),
		.requests = request_counts_new(routes_count(), config->threads + 1), /* and that of --admin-listen */
		.routes_count = routes_count(),
		.route_pattern = route_pattern,
	};
	struct api api = {
		.handle = handle,
		.monitor = &monitor,
		.prefix = span_from(config->prefix),
		.max_body_bytes = config->body_bytes,
		.max_header_bytes = config->header_bytes,
		.document = config->docs ? &document : NULL,
		.trust_forwarded = config->trust_forwarded,
		.budget = budget,
		.public_budget = budget_new(config->buffer_bytes / 8, config->buffer_bytes / 8),
	};
	bool ready;
	int status;

	readiness_init(&monitor.readiness, handle);
	ready = document_init(&document, span_from(config->prefix)) && monitor.requests && api.public_budget &&
		start_hub(config, handle, budget, &api.hub);
	status = ready ? serve_addresses(config, &api, signals) : cli_fail(EXIT_FAILED, "out of memory");
	if (api.hub)
		hub_free(api.hub);
	document_release(&document);
	end_budget(api.public_budget);
	request_counts_free(monitor.requests);
	readiness_release(&monitor.readiness);
	return status;
}

/* Without events there is nothing to deliver. */
static struct webhooks *start_webhooks(const struct config *config, dm *handle, struct budget *budget,
				       struct webhook_counts *counts)
{
	struct webhooks_options options = config->webhooks;
	struct webhooks *webhooks;

	options.counts = counts;
	options.budget = budget;
	webhooks = config->record_events ? webhooks_start(handle, &options) : NULL;
	if (config->record_events && !webhooks)
		log_line(LOG_ERROR, "no memory, or no thread, for webhooks: none are delivered");
	return webhooks;
}

static int serve_handle(const struct config *config, dm *handle, const sigset_t *signals)
{
	struct webhook_counts counts = {0};
	struct budget *budget = new_budget(config);
	struct webhooks *webhooks;
	int status;

	if (!budget)
		return cli_fail(EXIT_FAILED, "out of memory");
	webhooks = start_webhooks(config, handle, budget, &counts);
	status = serve_api(config, handle, budget, &counts, signals);
	webhooks_stop(webhooks);
	end_budget(budget);
	return status;
}

static int serve_database(const struct config *config, bool migrate, const sigset_t *signals)
{
	struct schema_watch watch;
	int status;
	dm *handle = open_database(config, migrate, &status);

	if (!handle)
		return status;
	status = EXIT_FAILED;
	if (schema_begin(&watch, handle, migrate)) {
		log_database(handle);
		status = serve_handle(config, handle, signals);
		schema_end(&watch);
	}
	dm_close(handle);
	return status;
}

static int serve(const struct config *config, bool migrate)
{
	sigset_t signals;
	int status;

	log_set_level(config->log_level);
	give_back_begin();
	/* Tokens, and what people wrote, are in its memory: in no file of a crash, and for no other program to read. */
	if (!config->core_dumps)
		prctl(PR_SET_DUMPABLE, 0);
	block_signals(&signals);
	if (!log_writer_start())
		log_line(LOG_WARNING, "no thread for the log: each line is written at once, and its thread waits");
	raise_file_limit(config);
	status = serve_database(config, migrate, &signals);
	if (status == EXIT_SUCCESS)
		log_line(LOG_INFO, "stopped");
	log_writer_stop();
	return status;
}

int serve_run(const struct arguments *arguments)
{
	struct config config;
	int status = config_read(&config) ? serve(&config, arguments_value(arguments, "migrate") != NULL) : EXIT_USAGE;

	config_release(&config);
	return status;
}

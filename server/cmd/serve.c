/* SPDX-License-Identifier: MIT */
/* serve.c - serve: wires the parts together and serves until a signal ends it. */
#include "admin_key.h"
#include "bus_error.h"
#include "cli.h"
#include "clock.h"
#include "database.h"
#include "directmessages.h"
#include "document.h"
#include "generation.h"
#include "hub.h"
#include "inherited.h"
#include "log.h"
#include "log_writer.h"
#include "memory_trim.h"
#include "monitor.h"
#include "notify.h"
#include "process_setup.h"
#include "reload.h"
#include "routes.h"
#include "schema_watch.h"
#include "served_address.h"
#include "setting_file.h"
#include "setting_values.h"
#include "settings.h"
#include "subcommands.h"
#include "throttle.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long requests may take to end after SIGTERM. Those that wait for the store end by the store's own time limit. */
#define STOP_SECONDS 10

/* Between two checks whether memory can be returned to the system. */
#define TRIM_SECONDS 2

/* About what a connection needs. */
#define CONNECTION_BYTES 16384

/* Maximum number of connections at --admin-listen. */
#define ADMIN_MAX_CONNECTIONS 64

/* For the database, the log, and what else a process has open. */
#define OTHER_FILES 64

#define OUT_OF_MEMORY "out of memory; free some, then start the server again"

static dm *open_database(const struct config *config, bool migrate, int *status)
{
	const struct dm_options options = {
		.size = sizeof(options),
		.allowed_recipients = config->allowed_recipients,
		.allowed_recipients_count = config->allowed_recipients_count,
		.max_content_length = config->content_length,
		.busy_timeout_ms = config->busy_timeout_ms,
		.lanes = config->lanes,
		.mapped_bytes = config->mapped_bytes,
		.read_database = config->read_url,
		.max_read_lag_ms = config->max_read_lag_ms,
		.record_events = config->record_events,
		.fold_inbox = true,
	};

	return database_open_unchecked(&options, migrate, status);
}

/* Says which database is served, so that nobody looks for messages in another one. */
static void log_database(dm *handle)
{
	struct dm_stats stats = DM_STATS_INIT;

	dm_stats(handle, &stats);
	log_line(LOG_INFO, "database %s", stats.database);
}

static bool open_admin(const struct config *config, struct served_address *admin, const struct http_options *options)
{
	struct http_options own = *options;

	if (!config->admin_listen)
		return true;
	own.threads = 1;
	own.connections = ADMIN_MAX_CONNECTIONS;
	own.connections_per_address = 0;
	if (!served_address_open(admin, config->admin_listen, SETTING_ADMIN_LISTEN, &own))
		return false;
	served_address_log(
		admin, config->admin_key.length > 0 ? "administration, health and metrics on" : "health and metrics on",
		"/");
	return true;
}

static void on_hangup(struct reload *reload, const char *served)
{
	notify("RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reloading the settings", (long long)clock_monotonic());
	if (reload_settings(reload))
		notify("READY=1\nSTATUS=serving on %s", served);
	else
		notify("READY=1\nSTATUS=serving on %s; the settings could not be reloaded", served);
}

/* Those that are not just quiet. */
static size_t connections_in_use(struct monitor *monitor)
{
	size_t aside = atomic_load(&monitor->connections.aside), open = atomic_load(&monitor->connections.open);

	return open > aside ? open - aside : 0;
}

/* Waits for SIGTERM or SIGINT. Returns memory to the system meanwhile, and reloads the settings on SIGHUP. */
static int wait_for_signal(struct monitor *monitor, struct reload *reload, const char *served, const sigset_t *signals)
{
	static const struct timespec pause = {.tv_sec = TRIM_SECONDS};
	struct memory_trim trim = {0};
	int signal_number;

	memory_trim_check(&trim, 0);
	while ((signal_number = sigtimedwait(signals, NULL, &pause)) <= 0 || signal_number == SIGHUP) {
		if (signal_number == SIGHUP)
			on_hangup(reload, served);
		memory_trim_check(&trim, connections_in_use(monitor) * CONNECTION_BYTES + monitor->budget->held);
	}
	return signal_number;
}

/* Serves both addresses until a signal comes, then completes the requests that were sent. */
static int serve_addresses(const struct config *config, const struct api *api, const struct document *admin_document,
			   struct reload *reload, const sigset_t *signals)
{
	struct served_address public = {.api = *api}, admin = {.api = *api};
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
	admin.api.may_administrate = true;
	admin.api.challenge = ADMIN_CHALLENGE;
	admin.api.document = config->docs ? admin_document : NULL;
	opened = open_admin(config, &admin, &options) &&
		 served_address_open(&public, config->listen, SETTING_LISTEN, &options);
	if (opened) {
		served_address_log(&public, "listening on", config->prefix);
		notify("READY=1\nSTATUS=serving on %s", public.listener.name);
		signal_number = wait_for_signal(api->monitor, reload, public.listener.name, signals);
		notify("STOPPING=1\nSTATUS=completing requests");
		atomic_store(&api->monitor->stopping, true);
		log_line(LOG_INFO, "stopping on %s", signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
		process_unblock_signals(signals);
	}
	if (api->hub)
		hub_end_streams(api->hub);
	served_address_close(&public, STOP_SECONDS);
	served_address_close(&admin, STOP_SECONDS);
	return opened ? EXIT_SUCCESS : EXIT_FAILED;
}

/* Starts the event streams if events are recorded. False: there is no memory for them. */
static bool start_hub(const struct config *config, dm *handle, struct budget *budget, struct hub **hub)
{
	struct hub_options options = config->events;

	options.handle = handle;
	options.budget = budget;
	*hub = config->record_events ? hub_start(&options) : NULL;
	return *hub || !config->record_events;
}

/* Starts fetching the keys of JWTs if a URL is set. False: there is no memory or no thread for it. */
static bool start_jwks(const struct config *config, struct jwks_counts *counts, struct jwks **jwks)
{
	struct jwks_options options = config->jwks;

	options.bearer = config->bearer;
	options.counts = counts;
	*jwks = options.url ? jwks_start(&options) : NULL;
	return *jwks || !options.url;
}

/* One user may use an eighth of the budget, but always as much as the largest body and its response need. (A body that
 * is all control characters may need more: each takes six bytes in JSON.) */
static struct budget *new_budget(const struct config *config)
{
	size_t share = config->buffer_bytes / 8;

	if (share < SETTINGS_MIN_BUFFER_BYTES)
		share = SETTINGS_MIN_BUFFER_BYTES;
	if (share < 4 * config->body_bytes)
		share = 4 * config->body_bytes;
	return budget_new(config->buffer_bytes, share);
}

/* Frees the budget; all that was taken from it must have been returned. */
static void end_budget(struct budget *budget)
{
	if (budget && budget->held > 0)
		log_line(LOG_ERROR, "%zu bytes of buffers were not given back: a defect of this program",
			 (size_t)budget->held);
	budget_free(budget);
}

static int serve_api(struct generation *generation, struct reload *reload, struct budget *budget,
		     struct webhook_counts *counts, const sigset_t *signals)
{
	const struct config *config = &generation->config;
	dm *handle = reload->handle;
	struct document document, admin_document;
	struct policies policies;
	struct monitor monitor = {
		.webhooks = counts,
		.budget = budget,
		.started_at = clock_now(),
		.reload.succeeded_at = clock_now(),
		.requests = request_counts_new(routes_count(), config->threads + 1), /* one more for --admin-listen */
		.routes_count = routes_count(),
		.route_pattern = route_pattern,
	};
	struct api api = {
		.handle = handle,
		.policies = &policies,
		.monitor = &monitor,
		.prefix = span_from(config->prefix),
		.max_body_bytes = config->body_bytes,
		.max_header_bytes = config->header_bytes,
		.document = config->docs ? &document : NULL,
		.has_web = config->web,
		.has_sessions = config->user_header || config->jwt_cookie,
		.trust_forwarded = config->trust_forwarded,
		.throttle = throttle_new(),
		.budget = budget,
		.public_budget = budget_new(config->buffer_bytes / 8, config->buffer_bytes / 8),
	};
	bool ready;
	int status;

	policies_init(&policies, &generation->policy);
	reload->policies = &policies;
	reload->state = &monitor.reload;
	readiness_init(&monitor.readiness, handle);
	ready = document_init(&document, DOCUMENT_API, span_from(config->prefix));
	ready = document_init(&admin_document, DOCUMENT_ADMIN, span_from(config->prefix)) && ready &&
		monitor.requests && api.public_budget && api.throttle && start_hub(config, handle, budget, &api.hub) &&
		start_jwks(config, &monitor.jwks, &api.jwks);
	ready = ready && config_limit_partners(config, handle);
	status = ready ? serve_addresses(config, &api, &admin_document, reload, signals)
		       : cli_fail(EXIT_FAILED, OUT_OF_MEMORY);
	if (api.hub)
		hub_free(api.hub);
	jwks_stop(api.jwks);
	document_release(&document);
	document_release(&admin_document);
	end_budget(api.public_budget);
	throttle_free(api.throttle);
	request_counts_free(monitor.requests);
	readiness_release(&monitor.readiness);
	policies_release(&policies);
	return status;
}

/* Starts the deliveries if events are recorded; without events there are none. NULL also after a failure was logged:
 * the server then works without webhooks. */
static struct webhooks *start_webhooks(const struct config *config, dm *handle, struct budget *budget,
				       struct webhook_counts *counts)
{
	struct webhooks_options options = config->webhooks;
	struct webhooks *webhooks;

	options.counts = counts;
	options.budget = budget;
	webhooks = config->record_events ? webhooks_start(handle, &options) : NULL;
	if (config->record_events && !webhooks)
		log_line(LOG_ERROR, "no memory or no thread for webhooks: none are delivered");
	return webhooks;
}

static int serve_handle(struct generation *generation, dm *handle, const sigset_t *signals)
{
	const struct config *config = &generation->config;
	struct webhook_counts counts = {0};
	struct budget *budget = new_budget(config);
	struct reload reload = {.handle = handle, .bearer = config->bearer, .file = generation->file};
	int status;

	if (!budget)
		return cli_fail(EXIT_FAILED, OUT_OF_MEMORY);
	reload.webhooks = start_webhooks(config, handle, budget, &counts);
	status = serve_api(generation, &reload, budget, &counts, signals);
	webhooks_stop(reload.webhooks);
	reload_end(&reload);
	end_budget(budget);
	return status;
}

static int serve_database(struct generation *generation, bool migrate, const sigset_t *signals)
{
	struct schema_watch watch;
	int status;
	dm *handle = open_database(&generation->config, migrate, &status);

	if (!handle)
		return status;
	status = EXIT_FAILED;
	if (schema_begin(&watch, handle, migrate)) {
		log_database(handle);
		status = serve_handle(generation, handle, signals);
		schema_end(&watch);
	}
	dm_close(handle);
	return status;
}

static int serve(struct generation *generation, bool migrate, const sigset_t *signals)
{
	const struct config *config = &generation->config;
	int status;

	log_set_level(config->log_level);
	log_set_json(config->log_json);
	memory_trim_start();
	if (!config->core_dumps)
		process_forbid_core_dumps();
	if (!log_writer_start())
		log_line(LOG_WARNING, "no thread for the log: each line is written at once, and its thread waits");
	process_raise_file_limit(config->connections, config->record_events ? config->events.max_streams : 0,
				 ADMIN_MAX_CONNECTIONS + OTHER_FILES);
	status = serve_database(generation, migrate, signals);
	if (status == EXIT_SUCCESS)
		log_line(LOG_INFO, "stopped");
	log_writer_stop();
	return status;
}

/* Reads all that the settings name, and opens nothing. */
static int check_settings(struct setting_file *file)
{
	struct generation *generation = generation_read(file);
	bool good = database_check_settings() && generation;

	if (generation)
		policy_leave(&generation->policy);
	else
		setting_file_free(file);
	if (good)
		puts("the settings are good");
	return good ? EXIT_SUCCESS : EXIT_USAGE;
}

int serve_run(const struct arguments *arguments)
{
	struct setting_file *file = setting_use_file(NULL);
	struct generation *generation;
	sigset_t signals;
	int status;

	if (arguments_value(arguments, "check"))
		return check_settings(file);
	process_block_signals(&signals);
	bus_error_install();
	generation = inherited_take() ? generation_read(file) : NULL;
	if (!generation) {
		setting_file_free(file);
		return EXIT_USAGE;
	}
	status = serve(generation, arguments_value(arguments, "migrate") != NULL, &signals);
	policy_leave(&generation->policy);
	return status;
}

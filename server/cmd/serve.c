/* SPDX-License-Identifier: MIT */
/* serve.c - wires everything together and serves until it is told to stop. */
#include "config.h"

#include "document.h"
#include "http.h"
#include "listen.h"
#include "pipeline.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* How long requests under way may take to end after SIGTERM; what waits for the store ends by the store's time limit.
 */
#define STOP_SECONDS 10

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

/* Each connection is an open file: takes what the system allows. */
static void raise_file_limit(const struct config *config)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < config->connections + 64)
		log_line(LOG_WARNING,
			 "only %llu files may be open, for up to %u connections; raise the limit (ulimit -n)",
			 (unsigned long long)limit.rlim_cur, config->connections);
}

static void log_step(void *context, int number, const char *name)
{
	(void)context;
	log_line(LOG_INFO, "applied migration %04d %s", number, name);
}

static dm *open_database(const struct config *config, bool migrate, int *status)
{
	const struct dm_options options = {
		.allowed_recipients = config->allowed_recipients,
		.allowed_recipients_count = config->allowed_recipients_count,
		.max_content_length = config->content_length,
		.busy_timeout_ms = config->busy_timeout_ms,
		.record_events = config->record_events,
	};
	struct dm_error error = {0};
	dm *handle = cli_open(&options, migrate, status);

	if (!handle || !migrate)
		return handle;
	if (dm_migrate(handle, log_step, NULL, &error) == DM_OK && dm_check_schema(handle, &error) == DM_OK)
		return handle;
	*status = cli_fail(EXIT_FAILED, "%s", error.message);
	dm_close(handle);
	return NULL;
}

static void log_listening(const struct listener *listener, const struct config *config)
{
	if (listener->unix_path)
		log_line(LOG_INFO, "listening on %s", listener->name);
	else
		log_line(LOG_INFO, "listening on http://%s%s", listener->name, config->prefix);
}

static int listen_and_serve(const struct config *config, dm *handle, const struct document *document,
			    const sigset_t *signals)
{
	struct listener listener;
	struct http_server *server;
	char error[256];
	int signal_number = 0;
	struct api api = {
		.handle = handle,
		.prefix = span_from(config->prefix),
		.max_body_bytes = config->body_bytes,
		.document = config->docs ? document : NULL,
		.trust_forwarded = config->trust_forwarded,
	};
	struct http_options options = {
		.threads = config->threads,
		.connections = config->connections,
		.idle_seconds = config->idle_seconds,
		.header_bytes = config->header_bytes,
		.body_bytes = config->body_bytes,
		.first = pipeline_begin,
		.context = &api,
	};

	if (!listener_open(config->listen, &listener, error))
		return cli_fail(EXIT_FAILED, "%s; choose another with --listen", error);
	api.own_host = listener.unix_path ? "localhost" : listener.name;
	options.socket = listener.socket;
	server = http_start(&options);
	if (!server) {
		close(listener.socket);
		listener_release(&listener);
		return cli_fail(EXIT_FAILED,
				"the HTTP server does not start; lower DIRECTMESSAGES_THREADS or free memory");
	}
	log_listening(&listener, config);
	sigwait(signals, &signal_number);
	log_line(LOG_INFO, "stopping on %s", signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
	http_stop(server, STOP_SECONDS);
	listener_release(&listener);
	return EXIT_SUCCESS;
}

static int serve(const struct config *config, bool migrate)
{
	struct document document;
	sigset_t signals;
	int status;
	dm *handle;

	log_set_level(config->log_level);
	block_signals(&signals);
	raise_file_limit(config);
	handle = open_database(config, migrate, &status);
	if (!handle)
		return status;
	if (!log_gather())
		log_line(LOG_WARNING, "no thread for the access lines; each is written on its own");
	if (document_init(&document, span_from(config->prefix)))
		status = listen_and_serve(config, handle, &document, &signals);
	else
		status = cli_fail(EXIT_FAILED, "out of memory");
	document_release(&document);
	dm_close(handle);
	log_gather_end();
	if (status == EXIT_SUCCESS)
		log_line(LOG_INFO, "stopped");
	return status;
}

int serve_run(const struct command *command, int argc, char **argv)
{
	struct config_flags given = {0};
	bool migrate = false;
	const struct cli_flag flags[] = {
		{"listen", "ADDR:PORT", "or [IPV6]:PORT or unix:PATH (DIRECTMESSAGES_LISTEN; 127.0.0.1:8000)",
		 &given.listen, NULL},
		{"prefix", "PATH", "where the API is mounted (DIRECTMESSAGES_PREFIX; api/dm)", &given.prefix, NULL},
		{"migrate", NULL, "first bring the schema up to date, making the file if need be", NULL, &migrate},
		{"threads", "N", "loops that answer (DIRECTMESSAGES_THREADS; one a core)", &given.threads, NULL},
		{"log-level", "LEVEL", "debug, info, warning, error (DIRECTMESSAGES_LOG_LEVEL; info)", &given.log_level,
		 NULL},
	};
	struct config config;
	char **words;
	int status;

	if (!cli_parse(command, argc, argv, flags, ARRAY_LENGTH(flags), 0, 0, &words, &status))
		return status;
	status = config_read(&config, &given) ? serve(&config, migrate) : EXIT_USAGE;
	config_release(&config);
	return status;
}

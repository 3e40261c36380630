/* SPDX-License-Identifier: MIT */
/* config.c - the settings of a server, from flags and environment. */
#include "config.h"

#include "listen.h"
#include "span.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "DIRECTMESSAGES_"

/* The flag, else the environment variable (empty counts as unset, but for the prefix), else NULL. */
static const char *setting(const char *flag, const char *variable)
{
	const char *value = flag ? flag : getenv(variable);

	return value && (*value || flag) ? value : NULL;
}

static bool refuse(const char *variable, const char *value, const char *wanted)
{
	cli_fail(EXIT_USAGE, "%s is '%.100s'; give %s", variable, value, wanted);
	return false;
}

/* What to call a setting in an error: the flag if it came by one. */
static const char *name_of(const char *flag, const char *flag_name, const char *variable)
{
	return flag ? flag_name : variable;
}

/* A whole number within bounds; `fallback` where it is not set. */
static bool read_number(const char *flag, const char *flag_name, const char *variable, int64_t least, int64_t most,
			int64_t fallback, int64_t *number)
{
	const char *value = setting(flag, variable);
	char wanted[96];

	*number = fallback;
	if (!value || cli_number(value, least, most, number))
		return true;
	snprintf(wanted, sizeof(wanted), "a whole number from %lld to %lld", (long long)least, (long long)most);
	return refuse(name_of(flag, flag_name, variable), value, wanted);
}

static int64_t cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

static bool read_numbers(struct config *config, const struct config_flags *flags)
{
	int64_t threads, lanes, header, body, content, busy;

	if (!read_number(flags->threads, "--threads", PREFIX "THREADS", 1, 256, cores(), &threads) ||
	    !read_number(flags->lanes, "--lanes", PREFIX "LANES", 1, 64, 4, &lanes) ||
	    !read_number(NULL, NULL, PREFIX "MAX_HEADER_BYTES", 1024, 1 << 24, 8192, &header) ||
	    !read_number(NULL, NULL, PREFIX "MAX_BODY_BYTES", 1, 1 << 30, 2621440, &body) ||
	    !read_number(NULL, NULL, PREFIX "MAX_CONTENT_LENGTH", 0, 1 << 30, 65536, &content) ||
	    !read_number(NULL, NULL, PREFIX "BUSY_TIMEOUT", 1, 600000, 5000, &busy))
		return false;
	config->threads = (unsigned)threads;
	config->lanes = (size_t)lanes;
	config->header_bytes = (size_t)header;
	config->body_bytes = (size_t)body;
	config->content_length = content > 0 ? (size_t)content : DM_CONTENT_UNLIMITED;
	config->busy_timeout_ms = (int)busy;
	return true;
}

static bool read_budget(struct config *config)
{
	int64_t buffers;

	if (!read_number(NULL, NULL, PREFIX "MAX_BUFFER_BYTES", CONFIG_BUFFERS_LEAST, INT64_C(1) << 40, 1 << 28,
			 &buffers))
		return false;
	config->buffer_bytes = (size_t)buffers;
	if (config->body_bytes <= config->buffer_bytes / 4)
		return true;
	cli_fail(EXIT_USAGE, PREFIX "MAX_BUFFER_BYTES is %zu; give at least four times " PREFIX "MAX_BODY_BYTES: %zu",
		 config->buffer_bytes, 4 * config->body_bytes);
	return false;
}

static bool read_clients(struct config *config)
{
	int64_t connections, of_address, idle, slow, rate;

	if (!read_number(NULL, NULL, PREFIX "MAX_CONNECTIONS", 1, 1000000, 10000, &connections) ||
	    !read_number(NULL, NULL, PREFIX "MAX_CONNECTIONS_PER_ADDRESS", 0, 1000000, 0, &of_address) ||
	    !read_number(NULL, NULL, PREFIX "IDLE_TIMEOUT", 1, 86400, 30, &idle) ||
	    !read_number(NULL, NULL, PREFIX "SLOW_TIMEOUT", 1, 86400, 10, &slow) ||
	    !read_number(NULL, NULL, PREFIX "SLOW_RATE", 0, 1 << 30, 500, &rate))
		return false;
	config->connections = (unsigned)connections;
	config->connections_per_address = (size_t)of_address;
	config->idle_seconds = (unsigned)idle;
	config->slow_seconds = (unsigned)slow;
	config->slow_rate = (size_t)rate;
	return true;
}

static bool read_switch(const char *variable, bool fallback, bool *on)
{
	const char *value = setting(NULL, variable);

	*on = value ? strcmp(value, "1") == 0 : fallback;
	if (!value || *on || strcmp(value, "0") == 0)
		return true;
	return refuse(variable, value, "0 or 1");
}

static bool read_events(struct config *config)
{
	int64_t heartbeat, queue, streams, of_user, days, events;

	if (!read_number(NULL, NULL, PREFIX "EVENTS_HEARTBEAT", 1, 3600, 15, &heartbeat) ||
	    !read_number(NULL, NULL, PREFIX "EVENTS_QUEUE_BYTES", 1024, 1 << 30, 65536, &queue) ||
	    !read_number(NULL, NULL, PREFIX "EVENTS_STREAMS", 1, 1000000, 10000, &streams) ||
	    !read_number(NULL, NULL, PREFIX "EVENTS_STREAMS_PER_USER", 1, 1000000, 20, &of_user) ||
	    !read_number(NULL, NULL, PREFIX "EVENTS_KEEP_DAYS", 1, 36500, 7, &days) ||
	    !read_number(NULL, NULL, PREFIX "EVENTS_KEEP", 1, INT64_C(1000000000000), 1000000, &events))
		return false;
	config->events = (struct hub_options){
		.heartbeat_seconds = (unsigned)heartbeat,
		.max_queue_bytes = (size_t)queue,
		.max_streams = (size_t)streams,
		.max_streams_per_user = (size_t)of_user,
		.keep_seconds = days * 86400,
		.keep_events = (size_t)events,
	};
	return read_switch(PREFIX "EVENTS", true, &config->record_events);
}

bool config_read_prefix(struct config *config, const char *flag)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~/-";
	const char *variable = PREFIX "PREFIX";
	const char *value = flag ? flag : getenv(variable); /* may be empty: no prefix */
	struct span trimmed = span_from(value ? value : "api/dm");

	while (trimmed.length > 0 && *trimmed.data == '/') {
		trimmed.data++;
		trimmed.length--;
	}
	while (trimmed.length > 0 && trimmed.data[trimmed.length - 1] == '/')
		trimmed.length--;
	if (trimmed.length > sizeof(config->prefix) - 3 || (value && strspn(value, allowed) != strlen(value)))
		return refuse(name_of(flag, "--prefix", variable), value,
			      "a path of letters, digits and . _ ~ / -, such as api/dm");
	snprintf(config->prefix, sizeof(config->prefix), "/%.*s%s", (int)trimmed.length, trimmed.data,
		 trimmed.length > 0 ? "/" : "");
	return true;
}

static bool read_log_level(struct config *config, const char *flag)
{
	const char *value = setting(flag, PREFIX "LOG_LEVEL");

	config->log_level = LOG_INFO;
	if (!value || log_level_from_name(value, &config->log_level))
		return true;
	return refuse(name_of(flag, "--log-level", PREFIX "LOG_LEVEL"), value, "debug, info, warning or error");
}

static bool read_allowed_recipients(struct config *config)
{
	const char *value = setting(NULL, PREFIX "ALLOWED_RECIPIENTS");
	struct span rest = span_from(value);

	if (!value)
		return true;
	config->allowed_recipients = calloc(rest.length, sizeof(*config->allowed_recipients));
	if (!config->allowed_recipients) {
		cli_fail(EXIT_FAILED, "out of memory");
		return false;
	}
	do {
		struct span one = span_trim(span_cut(&rest, ','));

		if (!span_to_int64(one, &config->allowed_recipients[config->allowed_recipients_count++]))
			return refuse(PREFIX "ALLOWED_RECIPIENTS", value,
				      "user ids with commas between them, such as 1,2,3");
	} while (rest.data);
	return true;
}

static bool read_address(const char *flag, const char *flag_name, const char *variable, const char **address)
{
	const char *value = setting(flag, variable);

	if (value && !listener_address_is_valid(value))
		return refuse(name_of(flag, flag_name, variable), value, "ADDR:PORT, [IPV6]:PORT or unix:PATH");
	if (value)
		*address = value;
	return true;
}

bool config_read(struct config *config, const struct config_flags *flags)
{
	*config = (struct config){.listen = "127.0.0.1:8000"};
	return read_address(flags->listen, "--listen", PREFIX "LISTEN", &config->listen) &&
	       read_address(flags->admin_listen, "--admin-listen", PREFIX "ADMIN_LISTEN", &config->admin_listen) &&
	       read_numbers(config, flags) && read_clients(config) && read_budget(config) &&
	       config_read_prefix(config, flags->prefix) &&
	       read_switch(PREFIX "TRUST_FORWARDED", false, &config->trust_forwarded) && read_events(config) &&
	       read_switch(PREFIX "DOCS", true, &config->docs) &&
	       read_switch(PREFIX "CORE_DUMPS", false, &config->core_dumps) &&
	       read_log_level(config, flags->log_level) && config_read_webhooks(&config->webhooks) &&
	       read_allowed_recipients(config);
}

static bool holds_certificates(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && !found && getline(&line, &size, file) >= 0)
		found = strncmp(line, "-----BEGIN ", 11) == 0 && strstr(line, "CERTIFICATE-----");
	free(line);
	if (file)
		fclose(file);
	return found;
}

bool config_read_webhooks(struct webhooks_options *options)
{
	const char *allow = setting(NULL, PREFIX "WEBHOOK_ALLOW");
	const char *schedule = setting(NULL, PREFIX "WEBHOOK_SCHEDULE");
	int64_t timeout, connections, disable_after;

	if (!read_number(NULL, NULL, PREFIX "WEBHOOK_TIMEOUT", 1, 300, 15, &timeout) ||
	    !read_number(NULL, NULL, PREFIX "WEBHOOK_CONNECTIONS", 1, 1000, 16, &connections) ||
	    !read_number(NULL, NULL, PREFIX "WEBHOOK_DISABLE_AFTER", 0, 31536000, 432000, &disable_after))
		return false;
	options->poster.timeout_ms = (int)timeout * 1000;
	options->poster.ca_file = setting(NULL, PREFIX "WEBHOOK_CA_FILE");
	options->connections = (size_t)connections;
	options->disable_after = disable_after * 1000000;
	if (options->poster.ca_file && !holds_certificates(options->poster.ca_file))
		return refuse(PREFIX "WEBHOOK_CA_FILE", options->poster.ca_file,
			      "a file that can be read and holds certificates in PEM form");
	if (!address_guard_read(&options->poster.guard, allow))
		return refuse(PREFIX "WEBHOOK_ALLOW", allow,
			      "'private', or addresses and CIDR ranges with commas between them, such as 10.0.0.0/8");
	if (!schedule_read(&options->schedule, span_from(schedule ? schedule : SCHEDULE_DEFAULT)))
		return refuse(PREFIX "WEBHOOK_SCHEDULE", schedule,
			      "up to 32 pauses in seconds with commas between them, such as " SCHEDULE_DEFAULT);
	return true;
}

void config_release(struct config *config)
{
	free(config->allowed_recipients);
}

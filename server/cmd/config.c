/* SPDX-License-Identifier: MIT */
/* config.c - what the settings mean to a server. */
#include "config.h"

#include "bearer.h"
#include "certificates.h"
#include "cli.h"
#include "inherited.h"
#include "listen.h"
#include "setting_values.h"
#include "span.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_size(enum setting setting, size_t *size)
{
	int64_t number;

	if (!setting_number(setting, &number))
		return false;
	*size = (size_t)number;
	return true;
}

static bool read_unsigned(enum setting setting, unsigned *value)
{
	size_t size;

	if (!read_size(setting, &size))
		return false;
	*value = (unsigned)size;
	return true;
}

static unsigned count_cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static bool read_capacity(struct config *config)
{
	unsigned busy_timeout_ms;

	if (!read_unsigned(SETTING_THREADS, &config->threads) || !read_size(SETTING_LANES, &config->lanes) ||
	    !read_size(SETTING_SQLITE_MMAP_MB, &config->mapped_bytes) ||
	    !read_size(SETTING_MAX_HEADER_BYTES, &config->header_bytes) ||
	    !read_size(SETTING_MAX_BODY_BYTES, &config->body_bytes) ||
	    !read_size(SETTING_MAX_CONTENT_LENGTH, &config->content_length) ||
	    !read_unsigned(SETTING_READ_MAX_LAG, &config->max_read_lag_ms) ||
	    !read_unsigned(SETTING_BUSY_TIMEOUT, &busy_timeout_ms))
		return false;
	config->read_url = setting_text(SETTING_READ_URL);
	if (config->threads == 0) /* not set */
		config->threads = count_cores();
	if (config->content_length == 0)
		config->content_length = DM_CONTENT_UNLIMITED;
	config->mapped_bytes <<= 20;
	config->busy_timeout_ms = (int)busy_timeout_ms;
	return true;
}

static bool read_budget(struct config *config)
{
	if (!read_size(SETTING_MAX_BUFFER_BYTES, &config->buffer_bytes))
		return false;
	if (config->body_bytes <= config->buffer_bytes / 4)
		return true;
	cli_fail(EXIT_USAGE, "%s is %zu; give at least four times %s: %zu",
		 setting_row(SETTING_MAX_BUFFER_BYTES)->variable, config->buffer_bytes,
		 setting_row(SETTING_MAX_BODY_BYTES)->variable, 4 * config->body_bytes);
	return false;
}

static bool read_clients(struct config *config)
{
	return read_unsigned(SETTING_MAX_CONNECTIONS, &config->connections) &&
	       read_size(SETTING_MAX_CONNECTIONS_PER_ADDRESS, &config->connections_per_address) &&
	       read_unsigned(SETTING_IDLE_TIMEOUT, &config->idle_seconds) &&
	       read_unsigned(SETTING_SLOW_TIMEOUT, &config->slow_seconds) &&
	       read_size(SETTING_SLOW_RATE, &config->slow_rate);
}

static bool read_events(struct config *config)
{
	struct hub_options *events = &config->events;
	int64_t days;

	if (!setting_switch(SETTING_EVENTS, &config->record_events) || !setting_number(SETTING_EVENTS_KEEP_DAYS, &days))
		return false;
	events->keep_seconds = days * 86400;
	return read_unsigned(SETTING_EVENTS_HEARTBEAT, &events->heartbeat_seconds) &&
	       read_size(SETTING_EVENTS_QUEUE_BYTES, &events->max_queue_bytes) &&
	       read_size(SETTING_EVENTS_STREAMS, &events->max_streams) &&
	       read_size(SETTING_EVENTS_STREAMS_PER_USER, &events->max_streams_per_user) &&
	       read_size(SETTING_EVENTS_KEEP, &events->keep_events);
}

bool config_read_prefix(struct config *config)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~/-";
	const char *value = setting_text(SETTING_PREFIX);
	struct span trimmed = span_from(value);

	while (trimmed.length > 0 && *trimmed.data == '/') {
		trimmed.data++;
		trimmed.length--;
	}
	while (trimmed.length > 0 && trimmed.data[trimmed.length - 1] == '/')
		trimmed.length--;
	if (trimmed.length > sizeof(config->prefix) - 3 || strspn(value, allowed) != strlen(value))
		return setting_refuse(SETTING_PREFIX);
	snprintf(config->prefix, sizeof(config->prefix), "/%.*s%s", (int)trimmed.length, trimmed.data,
		 trimmed.length > 0 ? "/" : "");
	return true;
}

bool config_read_log_format(bool *json)
{
	const char *format = setting_text(SETTING_LOG_FORMAT);

	*json = strcmp(format, "json") == 0;
	return *json || strcmp(format, "text") == 0 || setting_refuse(SETTING_LOG_FORMAT);
}

static bool read_log(struct config *config)
{
	if (!config_read_log_format(&config->log_json))
		return false;
	return log_level_from_name(setting_text(SETTING_LOG_LEVEL), &config->log_level) ||
	       setting_refuse(SETTING_LOG_LEVEL);
}

static bool read_allowed_recipients(struct config *config)
{
	const char *value = setting_text(SETTING_ALLOWED_RECIPIENTS);
	struct span rest = span_from(value);

	if (!value)
		return true;
	config->allowed_recipients = calloc(rest.length, sizeof(*config->allowed_recipients));
	if (!config->allowed_recipients) {
		cli_fail(EXIT_FAILED, "out of memory; free some, or give fewer ids in %s",
			 setting_row(SETTING_ALLOWED_RECIPIENTS)->variable);
		return false;
	}
	do {
		struct span one = span_trim(span_cut(&rest, ','));

		if (!span_to_int64(one, &config->allowed_recipients[config->allowed_recipients_count++]))
			return setting_refuse(SETTING_ALLOWED_RECIPIENTS);
	} while (rest.data);
	return true;
}

static bool read_rates(struct config *config)
{
	return rates_parse(&config->send_rates, setting_text(SETTING_RATE_SEND)) || setting_refuse(SETTING_RATE_SEND);
}

static bool read_new_partners(struct config *config)
{
	return (rates_parse(&config->new_partners, setting_text(SETTING_RATE_NEW_PARTNERS)) &&
		config->new_partners.count <= 1) ||
	       setting_refuse(SETTING_RATE_NEW_PARTNERS);
}

bool config_limit_partners(const struct config *config, dm *handle)
{
	const struct rate *rate = &config->new_partners.rates[0];
	bool is_limited = config->new_partners.count > 0;
	struct dm_error error = {0};

	if (dm_set_new_partner_limit(handle, is_limited ? rate->max : 0,
				     is_limited ? (unsigned)rate_period_seconds(rate->period) : 0, &error) == DM_OK)
		return true;
	cli_fail(EXIT_FAILED, "%s", error.message);
	return false;
}

static bool read_cors_origins(struct config *config)
{
	const struct setting_row *row = setting_row(SETTING_CORS_ORIGINS);
	struct span wrong;
	const char *problem = origins_parse(&config->cors_origins, setting_text(SETTING_CORS_ORIGINS), &wrong);

	if (problem && wrong.data)
		cli_fail(EXIT_USAGE, "%s has '%.*s', which %s; give %s", setting_name(SETTING_CORS_ORIGINS),
			 wrong.length < 100 ? (int)wrong.length : 100, wrong.data, problem, row->values);
	else if (problem)
		cli_fail(EXIT_FAILED, "out of memory; free some, or give fewer origins in %s", row->variable);
	return !problem;
}

static bool read_address(enum setting setting, const char **address)
{
	const struct http_listener *inherited = inherited_listener(setting);

	*address = inherited ? inherited->name : setting_text(setting);
	return inherited || !*address || http_listener_address_is_valid(*address) || setting_refuse(setting);
}

bool config_read_webhooks(struct webhooks_options *options)
{
	const char *ca_file = setting_text(SETTING_WEBHOOK_CA_FILE);
	int64_t timeout_seconds, disable_after_seconds;

	if (!setting_number(SETTING_WEBHOOK_TIMEOUT, &timeout_seconds) ||
	    !read_size(SETTING_WEBHOOK_CONNECTIONS, &options->max_connections) ||
	    !setting_number(SETTING_WEBHOOK_DISABLE_AFTER, &disable_after_seconds))
		return false;
	options->poster.timeout_ms = (int)timeout_seconds * 1000;
	options->disable_after = disable_after_seconds * 1000000;
	snprintf(options->poster.ca_file, sizeof(options->poster.ca_file), "%s", ca_file ? ca_file : "");
	if (ca_file && (strlen(ca_file) > POSTER_MAX_PATH || !holds_certificates(ca_file)))
		return setting_refuse(SETTING_WEBHOOK_CA_FILE);
	if (!address_guard_parse(&options->poster.guard, setting_text(SETTING_WEBHOOK_ALLOW)))
		return setting_refuse(SETTING_WEBHOOK_ALLOW);
	if (!schedule_parse(&options->schedule, span_from(setting_text(SETTING_WEBHOOK_SCHEDULE))))
		return setting_refuse(SETTING_WEBHOOK_SCHEDULE);
	return true;
}

static bool read_addresses(struct config *config)
{
	return read_address(SETTING_LISTEN, &config->listen) &&
	       read_address(SETTING_ADMIN_LISTEN, &config->admin_listen) && config_read_admin(config);
}

static bool read_switches(struct config *config)
{
	return setting_switch(SETTING_TRUST_FORWARDED, &config->trust_forwarded) &&
	       setting_switch(SETTING_DOCS, &config->docs) && setting_switch(SETTING_WEB, &config->web) &&
	       setting_switch(SETTING_CORE_DUMPS, &config->core_dumps) &&
	       setting_switch(SETTING_MARK_READ_ON_GET, &config->marks_on_get);
}

static bool read_webhooks(struct config *config)
{
	return config_read_webhooks(&config->webhooks);
}

/* Each prints its first error, and the others follow: who corrects one setting hears of all. */
bool config_read(struct config *config)
{
	static bool (*const parts[])(struct config *) = {
		read_addresses,          read_capacity,    read_clients, read_budget,       config_read_prefix,
		read_switches,           read_events,      read_log,     read_cors_origins, read_webhooks,
		read_allowed_recipients, config_read_auth, read_rates,   read_new_partners,
	};
	bool good = true;

	*config = (struct config){0};
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
		good &= parts[i](config);
	return good;
}

void config_release(struct config *config)
{
	free(config->allowed_recipients);
	origins_release(&config->cors_origins);
	bearer_free(config->bearer);
	admin_key_clear(&config->admin_key);
}

/* SPDX-License-Identifier: MIT */
/* config.h - the settings of a server: each from a flag, else its environment variable, else its default. */
#ifndef CONFIG_H
#define CONFIG_H

#include "cli.h"
#include "hub_options.h"
#include "log.h"
#include "webhooks.h"

/* Of buffer_bytes. */
#define CONFIG_BUFFERS_LEAST (1 << 24)

struct config {
	const char *listen;
	const char *admin_listen; /* NULL: what it is for is served on the other */
	char prefix[256];         /* "/api/dm/": begins and ends with a slash */
	unsigned threads;
	size_t lanes;
	unsigned connections;
	size_t connections_per_address; /* 0: any number */
	unsigned idle_seconds, slow_seconds;
	size_t slow_rate; /* bytes a second; 0: any */
	size_t header_bytes;
	size_t body_bytes;
	size_t buffer_bytes;   /* of all bodies, answers and queues together */
	size_t content_length; /* characters, or DM_CONTENT_UNLIMITED */
	int busy_timeout_ms;
	bool trust_forwarded;
	bool core_dumps; /* are allowed, and debuggers of the same user */
	bool record_events;
	struct hub_options events; /* but for the handle */
	bool docs;                 /* the OpenAPI document and the docs page */
	struct webhooks_options webhooks;
	enum log_level log_level;
	int64_t *allowed_recipients; /* owned */
	size_t allowed_recipients_count;
};

/* What flags gave; NULL where they gave nothing. */
struct config_flags {
	const char *listen, *admin_listen, *prefix, *threads, *lanes, *log_level;
};

/* False after it has told, in a line, which setting is wrong and what it wants. */
MUST_CHECK bool config_read(struct config *config, const struct config_flags *flags);
void config_release(struct config *config);

/* Only what concerns deliveries to endpoints. */
MUST_CHECK bool config_read_webhooks(struct webhooks_options *options);

/* Only the prefix, for those who need no more. */
MUST_CHECK bool config_read_prefix(struct config *config, const char *flag);

#endif

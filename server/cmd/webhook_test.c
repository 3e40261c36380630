/* SPDX-License-Identifier: MIT */
/* webhook_test.c - webhook test: delivers a test event now, and prints the result. */
#include "cli.h"
#include "clock.h"
#include "config.h"
#include "database.h"
#include "random.h"
#include "shapes.h"
#include "subcommands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target {
	int64_t id;
	char *url, *secret, *old_secret; /* owned */
};

static bool copy_target(void *context, const struct dm_webhook *webhook)
{
	struct target *target = context;

	target->url = strndup(webhook->url.data, webhook->url.length);
	target->secret = strndup(webhook->secret.data, webhook->secret.length);
	if (webhook->old_secret.length > 0 && webhook->old_secret_until > clock_now())
		target->old_secret = strndup(webhook->old_secret.data, webhook->old_secret.length);
	return true;
}

static void release_target(struct target *target)
{
	free(target->url);
	free(target->secret);
	free(target->old_secret);
}

/* poster_run() has nothing more to do. */
static void on_ended(struct post *post)
{
	post->on_ended = NULL;
}

static int deliver(const struct webhooks_options *options, const struct target *target)
{
	struct poster *poster = poster_new(&options->poster);
	int64_t began = clock_monotonic();
	struct buffer body;
	char id[32] = "msg_";
	struct post post = {
		.url = target->url, .secret = target->secret, .old_secret = target->old_secret, .on_ended = on_ended};
	int status = EXIT_SUCCESS;

	buffer_init(&body, 1024);
	shape_webhook_test(&body, clock_now(), target->id);
	post.body = buffer_span(&body);
	if (!poster || !random_hex(id + 4, 24)) {
		status = cli_fail(EXIT_FAILED, "no memory or no random numbers; try again later");
	} else {
		post.id = span_from(id);
		if (!poster_start(poster, &post))
			snprintf(post.error, sizeof(post.error), "no memory for the request");
		else
			while (post.on_ended)
				poster_run(poster, 1000);
		if (*post.error)
			status = cli_fail(EXIT_FAILED,
					  "the test event was not delivered to webhook %lld: %s; see docs/webhooks.md",
					  (long long)target->id, post.error);
		else
			printf("delivered %s: status %u after %lld ms\n", id, post.status,
			       (long long)(clock_monotonic() - began) / 1000);
	}
	buffer_release(&body);
	if (poster)
		poster_free(poster);
	return status;
}

int webhook_test_run(const struct arguments *arguments)
{
	struct webhooks_options options;
	struct dm_error error = {0};
	struct target target = {0};
	int status;
	dm *handle;

	if (!arguments_id(arguments, "webhook list", &target.id) || !config_read_webhooks(&options))
		return EXIT_USAGE;
	handle = database_open(&status);
	if (!handle)
		return status;
	if (dm_webhook_by_id(handle, target.id, copy_target, &target, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s%s", error.message,
				  error.status == DM_NOT_FOUND ? "; see 'directmessages webhook list'" : "");
	else if (!target.url || !target.secret)
		status = cli_fail(EXIT_FAILED, "out of memory; free some, then try again");
	else
		status = deliver(&options, &target);
	dm_close(handle);
	release_target(&target);
	return status;
}

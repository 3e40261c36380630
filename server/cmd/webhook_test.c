/* SPDX-License-Identifier: MIT */
/* webhook_test.c - webhook test: one event made up for the purpose, delivered now, and what the endpoint said. */
#include "config.h"

#include "clock.h"
#include "random.h"
#include "shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target {
	int64_t id;
	char *url, *secret, *old_secret; /* owned; url is NULL where there is no such webhook */
};

static bool take_target(void *context, const struct dm_webhook *webhook)
{
	struct target *target = context;

	if (webhook->id != target->id)
		return true;
	target->url = strndup(webhook->url.data, webhook->url.length);
	target->secret = strndup(webhook->secret.data, webhook->secret.length);
	if (webhook->old_secret.length > 0 && webhook->old_secret_until > clock_now())
		target->old_secret = strndup(webhook->old_secret.data, webhook->old_secret.length);
	return false;
}

static void release_target(struct target *target)
{
	free(target->url);
	free(target->secret);
	free(target->old_secret);
}

static void end(struct post *post)
{
	post->finished = NULL;
}

static int deliver(const struct webhooks_options *options, const struct target *target)
{
	struct poster *poster = poster_new(&options->poster);
	int64_t began = clock_monotonic();
	struct buffer body;
	char id[32] = "msg_";
	struct post post = {
		.url = target->url, .secret = target->secret, .old_secret = target->old_secret, .finished = end};
	int status = EXIT_SUCCESS;

	buffer_init(&body, 1024);
	shape_webhook_test(&body, clock_now(), target->id);
	post.body = buffer_span(&body);
	if (!poster || !random_hex(id + 4, 24)) {
		status = cli_fail(EXIT_FAILED, "no memory, or no random numbers; try again later");
	} else {
		post.id = span_from(id);
		if (!poster_start(poster, &post))
			snprintf(post.error, sizeof(post.error), "no memory for the request");
		else
			while (post.finished)
				poster_run(poster, 1000);
		if (*post.error)
			status = cli_fail(EXIT_FAILED, "webhook %lld was not delivered to: %s; see docs/webhooks.md",
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

int webhook_test_run(const struct command *command, int argc, char **argv)
{
	struct webhooks_options options;
	struct dm_error error = {0};
	struct target target = {0};
	char **words;
	int status;
	dm *handle;

	if (!cli_parse(command, argc, argv, NULL, 0, 1, 1, &words, &status))
		return status;
	if (!cli_number(words[0], 1, INT64_MAX, &target.id))
		return cli_fail(EXIT_USAGE, "'%.100s' is no id; see 'directmessages webhook list'", words[0]);
	if (!config_read_webhooks(&options))
		return EXIT_USAGE;
	handle = cli_open(NULL, false, &status);
	if (!handle)
		return status;
	if (dm_webhooks(handle, take_target, &target, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	else if (!target.url)
		status = cli_fail(EXIT_FAILED, "there is no such webhook; see 'directmessages webhook list'");
	else
		status = deliver(&options, &target);
	dm_close(handle);
	release_target(&target);
	return status;
}

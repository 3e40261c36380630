/* SPDX-License-Identifier: MIT */
/* service.c - the open handle: rules before an operation, signals after it. */
#include "service.h"

#include "arguments.h"
#include "failure.h"
#include "fingerprint.h"
#include "kept_messages.h"
#include "operation_kinds.h"
#include "password.h"
#include "store_open.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_BUSY_TIMEOUT_MS 5000
#define DEFAULT_MAX_CONTENT_LENGTH 65536
#define DEFAULT_MAX_WAITING 4096
#define DEFAULT_LANES 4
#define DEFAULT_MAX_READ_LAG_MS 1000
#define DEFAULT_IDEMPOTENCY_HOURS 24

#define HOUR INT64_C(3600000000)

static void complete(struct dm_operation *operation)
{
	struct dm *handle = operation->internal.handle;

	if (operation->status >= DM_BUSY && operation->status <= DM_INTERNAL)
		atomic_fetch_add_explicit(&handle->failures[operation->status], 1, memory_order_relaxed);
	if (operation->status != DM_OK) /* they may have been rolled back */
		operation_clear_results(operation);
	else if (operation->kind == DM_OP_SEND && !operation->send.replayed)
		signals_emit(&handle->signals, DM_MESSAGE_SENT, &operation->send.message);
	if (operation->status == DM_OK)
		kept_messages_signal(operation, &handle->signals);
	kept_messages_forget(operation);
	if (operation->done)
		operation->done(operation);
}

static void events_recorded(void *context)
{
	struct dm *handle = context;

	signals_emit(&handle->signals, DM_EVENTS_RECORDED, NULL);
}

/* The copy of none is NULL. False: no memory. */
static bool copy_ids(const int64_t *ids, size_t count, int64_t **copy)
{
	*copy = count > 0 ? malloc(count * sizeof(*ids)) : NULL;
	if (*copy)
		memcpy(*copy, ids, count * sizeof(*ids));
	return *copy || count == 0;
}

static bool copy_rules(struct rules *rules, const struct dm_options *options)
{
	rules->max_content_length =
		options->max_content_length > 0 ? options->max_content_length : DEFAULT_MAX_CONTENT_LENGTH;
	rules->allowed_recipients_count = options->allowed_recipients_count;
	return copy_ids(options->allowed_recipients, options->allowed_recipients_count, &rules->allowed_recipients);
}

/* A writer is preferred: senders alone could keep it waiting for ever. */
static void init_rules_lock(struct dm *handle)
{
	pthread_rwlockattr_t attributes;

	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&handle->rules_lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
}

/* The names are copied. */
static enum dm_status copy_user_table(struct user_table *users, const struct dm_user_table *given,
				      struct dm_error *error)
{
	struct dm_user_table names = {.size = sizeof(names)};
	enum dm_status status = given ? arguments_copy(&names, sizeof(names), given, "dm_user_table", error) : DM_OK;

	return status == DM_OK ? user_table_init(users, &names, error) : status;
}

enum dm_status dm_check_options(const struct dm_options *given, struct dm_error *error)
{
	struct dm_options options;
	struct user_table users = {0};
	struct dm_error own = {0};
	enum dm_status status = arguments_copy_options(&options, given, &own);

	if (status == DM_OK)
		status = copy_user_table(&users, options.user_table, &own);
	if (status == DM_OK) {
		const struct store_options store = {.url = options.database ? options.database : SERVICE_DEFAULT_URL,
						    .read_url = options.read_database};

		status = store_check_urls(&store, &own);
	}
	user_table_release(&users);
	return report(error, status, &own);
}

static enum dm_status open_handle(const struct dm_options *options, dm **out, struct dm_error *error)
{
	dm *handle = calloc(1, sizeof(*handle));
	struct store_options store = {
		.url = options->database ? options->database : SERVICE_DEFAULT_URL,
		.busy_timeout_ms = options->busy_timeout_ms > 0 ? options->busy_timeout_ms : DEFAULT_BUSY_TIMEOUT_MS,
		.max_waiting = options->max_waiting > 0 ? options->max_waiting : DEFAULT_MAX_WAITING,
		.create = options->create,
		.record_events = options->record_events,
		.key_lifetime = HOUR * (options->idempotency_hours > 0 ? options->idempotency_hours
								       : DEFAULT_IDEMPOTENCY_HOURS),
		.lanes = options->lanes > 0 ? options->lanes : DEFAULT_LANES,
		.unprepared = options->unprepared,
		.read_url = options->read_database,
		.max_read_lag = INT64_C(1000) *
				(options->max_read_lag_ms > 0 ? options->max_read_lag_ms : DEFAULT_MAX_READ_LAG_MS),
		.mapped_bytes = options->mapped_bytes,
		.changed = kept_messages_add,
		.undone = kept_messages_forget,
		.recorded = events_recorded,
		.recorded_context = handle,
		.completed = complete,
	};
	enum dm_status status = DM_OK;

	if (!handle)
		return fail(error, DM_NO_MEMORY, "out of memory");
	signals_init(&handle->signals);
	init_rules_lock(handle);
	if (!copy_rules(&handle->rules, options))
		status = fail(error, DM_NO_MEMORY, "out of memory");
	if (status == DM_OK)
		status = copy_user_table(&handle->users, options->user_table, error);
	store.users = &handle->users;
	if (status == DM_OK)
		status = store_open(&store, &handle->store, error);
	if (status == DM_OK && options->fold_inbox) {
		handle->folder = folder_start(handle, dm_run);
		if (!handle->folder)
			status = fail(error, DM_NO_MEMORY, "no memory, or no thread, for folding");
	}
	if (status == DM_OK)
		*out = handle;
	else
		dm_close(handle);
	return status;
}

enum dm_status dm_open(const struct dm_options *options, dm **out, struct dm_error *error)
{
	struct dm_options own_options;
	struct dm_error own = {0};
	enum dm_status status;

	if (!out)
		return report(error, fail(&own, DM_INVALID, "there is no place for the handle; give one"), &own);
	*out = NULL;
	status = arguments_copy_options(&own_options, options, &own);
	if (status == DM_OK)
		status = open_handle(&own_options, out, &own);
	return report(error, status, &own);
}

void dm_close(dm *handle)
{
	if (!handle)
		return;
	folder_stop(handle->folder);
	if (handle->store)
		handle->store->backend->close(handle->store);
	signals_release(&handle->signals);
	user_table_release(&handle->users);
	pthread_rwlock_destroy(&handle->rules_lock);
	free(handle->rules.allowed_recipients);
	free(handle);
}

const char *dm_mapped_file(const void *address)
{
	return store_mapped_file(address);
}

static enum dm_status lack_handle(struct dm_error *error)
{
	return fail(error, DM_INVALID, "there is no handle; give one that dm_open has opened");
}

enum dm_status dm_check_schema(dm *handle, struct dm_error *error)
{
	struct dm_error own = {0};
	enum dm_status status = handle ? handle->store->backend->check_schema(handle->store, &own) : lack_handle(&own);

	return report(error, status, &own);
}

enum dm_status dm_migrate(dm *handle, void (*on_step)(void *context, int number, const char *name),
			  void (*on_progress)(void *context, const char *text), void *context, struct dm_error *error)
{
	const struct store_watch watch = {on_step, on_progress, context};
	struct dm_error own = {0};
	enum dm_status status =
		handle ? handle->store->backend->migrate(handle->store, &watch, &own) : lack_handle(&own);

	return report(error, status, &own);
}

enum dm_status dm_set_allowed_recipients(dm *handle, const int64_t *user_ids, size_t count, struct dm_error *error)
{
	struct dm_error own = {0};
	enum dm_status status = handle ? arguments_check_recipients(user_ids, count, &own) : lack_handle(&own);
	int64_t *before, *next;

	if (status == DM_OK && !copy_ids(user_ids, count, &next))
		status = fail(&own, DM_NO_MEMORY, "out of memory");
	if (status != DM_OK)
		return report(error, status, &own);
	pthread_rwlock_wrlock(&handle->rules_lock);
	before = handle->rules.allowed_recipients;
	handle->rules.allowed_recipients = next;
	handle->rules.allowed_recipients_count = count;
	pthread_rwlock_unlock(&handle->rules_lock);
	free(before);
	return DM_OK;
}

static enum dm_status check_send(dm *handle, struct dm_operation *operation)
{
	enum dm_status status;

	pthread_rwlock_rdlock(&handle->rules_lock);
	status = rules_check_send(&handle->rules, &operation->send, &operation->error);
	operation->send.internal.partners_period = 0;
	if (rules_limit_partners(&handle->rules, &operation->send)) {
		operation->send.internal.partners_max = handle->rules.partners_max;
		operation->send.internal.partners_period = handle->rules.partners_period;
	}
	pthread_rwlock_unlock(&handle->rules_lock);
	return status;
}

/* Whether the message of a key was sent before is known to the store alone, and then no rule about whom the sender may
 * message counts any more. */
static enum dm_status prepare_send(dm *handle, struct dm_operation *operation)
{
	struct dm_op_send *send = &operation->send;
	enum dm_status status = check_send(handle, operation);

	send->replayed = false;
	send->available_in = send->partners_left = 0;
	if (status == DM_OK && send->only_replayed)
		status = fail(&operation->error, DM_LIMITED,
			      "no message was sent with this key before; try again later");
	if (!send->idempotency_key || (status != DM_OK && status != DM_NOT_ALLOWED && status != DM_LIMITED))
		return status;
	if (!fingerprint_of(send->content, send->internal.fingerprint))
		return fail(&operation->error, DM_NO_MEMORY, "out of memory");
	operation->internal.refused = status;
	return DM_OK;
}

/* A new user can't log in with a password. */
static enum dm_status prepare_put(struct dm_op_user_put *user, struct dm_error *error)
{
	enum dm_status status = rules_check_user_put(user, error);

	if (status == DM_OK && !password_encode_none(user->internal.password_hash))
		return fail(error, DM_UNAVAILABLE, "the system gives no random numbers; try again later");
	return status;
}

/* Sets the library's part of the operation; checks its arguments and the rules. */
static enum dm_status prepare(dm *handle, struct dm_operation *operation)
{
	memset(&operation->internal, 0, sizeof(operation->internal));
	operation->internal.handle = handle;
	operation->internal.signals_read = signals_has_receivers(&handle->signals, DM_MESSAGE_READ);
	operation->error = (struct dm_error){DM_OK, ""};
	operation->status = arguments_check(operation, &operation->error);
	if (operation->status != DM_OK)
		return operation->status;
	if (operation->kind == DM_OP_SEND)
		operation->status = prepare_send(handle, operation);
	if (operation->kind == DM_OP_BLOCK)
		operation->status =
			rules_check_block(operation->block.user_id, operation->block.blocked_id, &operation->error);
	if (operation->kind == DM_OP_UNBLOCK)
		operation->status =
			rules_check_block(operation->unblock.user_id, operation->unblock.blocked_id, &operation->error);
	if (operation->kind == DM_OP_USER_CREATE)
		operation->status = rules_check_new_user(&operation->user_create, &operation->error);
	if (operation->kind == DM_OP_USER_PUT)
		operation->status = prepare_put(&operation->user_put, &operation->error);
	if (operation->kind == DM_OP_WEBHOOK_CREATE)
		operation->status = rules_check_new_webhook(&operation->webhook_create, &operation->error);
	if (operation->kind == DM_OP_WEBHOOK_UPDATE)
		operation->status = rules_check_webhook_update(&operation->webhook_update, &operation->error);
	if (operation->kind == DM_OP_WEBHOOK_ROTATE)
		operation->status = rules_check_secret(operation->webhook_rotate.secret, &operation->error);
	return operation->status;
}

/* True: there is no operation, or no handle to run it on; then it has been completed. */
static bool is_refused(const dm *handle, struct dm_operation *operation)
{
	if (!operation || handle)
		return !operation;
	operation->error = (struct dm_error){DM_OK, ""};
	operation->status = lack_handle(&operation->error);
	operation_clear_results(operation);
	if (operation->done)
		operation->done(operation);
	return true;
}

void dm_submit(dm *handle, struct dm_operation *operation)
{
	if (is_refused(handle, operation))
		return;
	if (prepare(handle, operation) == DM_OK)
		handle->store->backend->submit(handle->store, operation);
	else
		complete(operation);
}

void dm_run(dm *handle, struct dm_operation *operation)
{
	if (is_refused(handle, operation))
		return;
	if (prepare(handle, operation) == DM_OK)
		handle->store->backend->run(handle->store, operation);
	else
		complete(operation);
}

bool dm_begin_reads(dm *handle)
{
	if (!handle || !handle->store->backend->begin_reads)
		return false;
	handle->store->backend->begin_reads(handle->store);
	return true;
}

void dm_end_reads(dm *handle)
{
	if (handle && handle->store->backend->end_reads)
		handle->store->backend->end_reads(handle->store);
}

void dm_stats(dm *handle, struct dm_stats *stats)
{
	struct dm_stats own = DM_STATS_INIT;

	if (!stats || !arguments_size_is_valid(stats->size))
		return;
	memset((char *)stats + sizeof(stats->size), 0, stats->size - sizeof(stats->size));
	own.size = stats->size;
	if (handle) {
		handle->store->backend->stats(handle->store, &own);
		for (size_t i = 0; i < ARRAY_LENGTH(handle->failures); i++)
			own.failures[i] = atomic_load_explicit(&handle->failures[i], memory_order_relaxed);
	}
	memcpy(stats, &own, stats->size < sizeof(own) ? stats->size : sizeof(own));
}

enum dm_status service_run(dm *handle, struct dm_operation *operation, struct dm_error *error)
{
	dm_run(handle, operation);
	return report(error, operation->status, &operation->error);
}

enum dm_status service_refuse_null(struct dm_error *error)
{
	static const struct dm_error refused = {DM_INVALID, "a pointer that this call needs is NULL; give one"};

	return report(error, refused.status, &refused);
}

enum dm_status dm_connect(dm *handle, enum dm_signal signal, dm_receiver *receiver, void *context,
			  struct dm_error *error)
{
	struct dm_error own = {0};

	if (!handle)
		return report(error, lack_handle(&own), &own);
	if ((unsigned)signal > DM_EVENTS_RECORDED || !receiver)
		return report(error, fail(&own, DM_INVALID, "there is no such signal, or no receiver; give both"),
			      &own);
	return report(error, signals_connect(&handle->signals, signal, receiver, context, &own), &own);
}

bool dm_disconnect(dm *handle, enum dm_signal signal, dm_receiver *receiver, void *context)
{
	return handle && (unsigned)signal <= DM_EVENTS_RECORDED &&
	       signals_disconnect(&handle->signals, signal, receiver, context);
}

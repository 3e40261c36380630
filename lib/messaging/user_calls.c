/* SPDX-License-Identifier: MIT */
/* user_calls.c - the calls of users.h: each runs an operation and waits. */
#include "service.h"

#include "arguments.h"
#include "failure.h"
#include "password.h"

/* Checks everything before it hashes the password, which takes some tenths of a second. */
static enum dm_status prepare_user(struct dm_op_user_create *create, const struct dm_new_user *given,
				   char password[PASSWORD_SIZE], struct dm_error *error)
{
	struct dm_new_user user;
	enum dm_status status = arguments_copy(&user, sizeof(user), given, "dm_new_user", error);

	if (status == DM_OK)
		status = arguments_check_texts((const struct dm_text[]){user.username, user.email, user.first_name,
									user.last_name, user.password},
					       5, error);
	if (status != DM_OK)
		return status;
	*create = (struct dm_op_user_create){.username = user.username,
					     .email = user.email,
					     .first_name = user.first_name,
					     .last_name = user.last_name};
	status = rules_check_new_user(create, error);
	if (status != DM_OK)
		return status;
	if (!password_encode(user.password, password))
		return fail(error, DM_UNAVAILABLE, "the system gives no random numbers; try again later");
	create->password_hash = dm_text_of(password);
	return DM_OK;
}

enum dm_status dm_user_create(dm *handle, const struct dm_new_user *user, int64_t *id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_USER_CREATE};
	char password[PASSWORD_SIZE];
	struct dm_error own = {0};
	enum dm_status status;

	if (id)
		*id = 0;
	if (!user)
		return service_refuse_null(error);
	status = prepare_user(&operation.user_create, user, password, &own);
	if (status != DM_OK)
		return report(error, status, &own);
	status = service_run(handle, &operation, error);
	if (id)
		*id = operation.user_create.user_id;
	return status;
}

static enum dm_status run_change(dm *handle, const struct dm_user_change *given, bool only_change, bool *created,
				 dm_user_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_USER_PUT, .context = context};
	struct dm_user_change change;
	struct dm_error own = {0};
	enum dm_status status;

	if (created)
		*created = false;
	if (!given)
		return service_refuse_null(error);
	status = arguments_copy(&change, sizeof(change), given, "dm_user_change", &own);
	if (status != DM_OK)
		return report(error, status, &own);
	operation.user_put = (struct dm_op_user_put){.username = change.username,
						     .email = change.email,
						     .first_name = change.first_name,
						     .last_name = change.last_name,
						     .user_id = change.user_id,
						     .active = change.active,
						     .only_change = only_change,
						     .on_user = row};
	status = service_run(handle, &operation, error);
	if (created)
		*created = operation.user_put.created;
	return status;
}

enum dm_status dm_user_put(dm *handle, const struct dm_user_change *change, bool *created, dm_user_row *row,
			   void *context, struct dm_error *error)
{
	return run_change(handle, change, false, created, row, context, error);
}

enum dm_status dm_user_update(dm *handle, const struct dm_user_change *change, dm_user_row *row, void *context,
			      struct dm_error *error)
{
	return run_change(handle, change, true, NULL, row, context, error);
}

enum dm_status dm_user_delete(dm *handle, struct dm_text username, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_USER_DELETE, .user_delete = {.username = username}};
	enum dm_status status;

	do
		status = service_run(handle, &operation, error);
	while (status == DM_OK && operation.user_delete.more);
	return status;
}

enum dm_status dm_user_by_id(dm *handle, int64_t user_id, dm_user_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_USER_BY_ID, .context = context, .user_by_id = {.user_id = user_id, .on_user = row}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_user_by_name(dm *handle, struct dm_text username, dm_user_row *row, void *context,
			       struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_USER_BY_NAME, .context = context, .user_by_name = {.username = username, .on_user = row}};

	return service_run(handle, &operation, error);
}

static bool copy_id(void *context, const struct dm_user *user)
{
	*(int64_t *)context = user->id;
	return true;
}

enum dm_status dm_user_id_by_name(dm *handle, struct dm_text username, int64_t *id, struct dm_error *error)
{
	int64_t found = 0;
	enum dm_status status = dm_user_by_name(handle, username, copy_id, &found, error);

	if (id)
		*id = status == DM_OK ? found : 0;
	return status;
}

enum dm_status dm_users(dm *handle, dm_user_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_USERS, .context = context, .users = {.on_user = row}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_user_set_active(dm *handle, struct dm_text username, bool active, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_USER_SET_ACTIVE,
					 .user_set_active = {.username = username, .active = active}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_token_create(dm *handle, struct dm_text username, bool reset, char key[DM_TOKEN_LENGTH + 1],
			       struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_TOKEN_CREATE,
					 .token_create = {.username = username, .reset = reset}};
	enum dm_status status = key ? service_run(handle, &operation, error) : service_refuse_null(error);

	if (key)
		memcpy(key, operation.token_create.key, DM_TOKEN_LENGTH + 1);
	return status;
}

enum dm_status dm_token_revoke(dm *handle, struct dm_text username, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_TOKEN_REVOKE, .token_revoke = {.username = username}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_authenticate(dm *handle, struct dm_text key, dm_user_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_AUTHENTICATE, .context = context, .authenticate = {.key = key, .on_user = row}};

	return service_run(handle, &operation, error);
}

/* SPDX-License-Identifier: MIT */
/* test_library_batches.c - the public API on real databases: each operation of a batch gets its own result. */
#include "scratch.h"

#include <pthread.h>
#include <stdlib.h>

#define MAX_BATCH 24
#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

/* An operation of the batch, and the user that it lent. */
struct member {
	struct dm_operation operation;
	int64_t user_id; /* the user that was lent; 0: none */
	int64_t lent;    /* how many rows */
	struct batch *batch;
};

struct batch {
	const struct scratch *scratch;
	char john[DM_TOKEN_LENGTH + 1], mary[DM_TOKEN_LENGTH + 1]; /* their tokens */
	struct member members[MAX_BATCH];
	size_t count;
	pthread_mutex_t mutex; /* guards done */
	pthread_cond_t changed;
	size_t done;
	bool is_submitted;
};

static int setup(void **state)
{
	const struct dm_options options = {
		.size = sizeof(options), .record_events = true, .lanes = 2}; /* on PostgreSQL one thread for reads */
	struct batch *batch = calloc(1, sizeof(*batch));
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	assert_non_null(batch);
	scratch_make(scratch);
	scratch_open(scratch, &options);
	batch->scratch = scratch;
	pthread_mutex_init(&batch->mutex, NULL);
	pthread_cond_init(&batch->changed, NULL);
	assert_ok(dm_token_create(scratch->handle, text_of("john"), false, batch->john, NULL));
	assert_ok(dm_token_create(scratch->handle, text_of("mary"), false, batch->mary, NULL));
	*state = batch;
	return 0;
}

static int teardown(void **state)
{
	struct batch *batch = *state;
	struct scratch *scratch = (struct scratch *)batch->scratch;

	pthread_cond_destroy(&batch->changed);
	pthread_mutex_destroy(&batch->mutex);
	free(batch);
	scratch_remove(scratch);
	free(scratch);
	return 0;
}

static bool note_user(void *context, const struct dm_user *user)
{
	struct member *member = context;

	member->user_id = user->id;
	member->lent++;
	return true;
}

static void note_done(struct dm_operation *operation)
{
	struct batch *batch = ((struct member *)operation->context)->batch;

	pthread_mutex_lock(&batch->mutex);
	batch->done++;
	pthread_cond_signal(&batch->changed);
	pthread_mutex_unlock(&batch->mutex);
}

static struct member *add(struct batch *batch, struct dm_operation operation)
{
	struct member *member = &batch->members[batch->count++];

	assert_true(batch->count <= MAX_BATCH);
	*member = (struct member){.operation = operation, .batch = batch};
	member->operation.done = note_done;
	member->operation.context = member;
	return member;
}

static struct member *authenticate_for(struct batch *batch, struct dm_text key, int64_t recipient_id)
{
	struct dm_op_authenticate arguments = {.key = key,
					       .with_recipient = true,
					       .recipient_id = recipient_id,
					       .count_unread = DM_COUNT_UNREAD,
					       .on_user = note_user};

	return add(batch, (struct dm_operation){.kind = DM_OP_AUTHENTICATE, .authenticate = arguments});
}

static struct member *authenticate_for_name(struct batch *batch, struct dm_text key, const char *name)
{
	struct dm_op_authenticate arguments = {
		.key = key, .with_recipient = true, .recipient_name = text_of(name), .on_user = note_user};

	return add(batch, (struct dm_operation){.kind = DM_OP_AUTHENTICATE, .authenticate = arguments});
}

static struct member *authenticate(struct batch *batch, struct dm_text key)
{
	struct dm_op_authenticate arguments = {.key = key, .on_user = note_user};

	return add(batch, (struct dm_operation){.kind = DM_OP_AUTHENTICATE, .authenticate = arguments});
}

static struct member *find_user(struct batch *batch, int64_t user_id)
{
	return add(batch, (struct dm_operation){.kind = DM_OP_USER_BY_ID,
						.user_by_id = {.user_id = user_id, .on_user = note_user}});
}

static struct member *count_unread(struct batch *batch, int64_t user_id)
{
	return add(batch, (struct dm_operation){.kind = DM_OP_UNREAD_COUNT, .unread_count = {.user_id = user_id}});
}

static struct member *mark(struct batch *batch, int64_t user_id, int64_t partner_id)
{
	return add(batch,
		   (struct dm_operation){.kind = DM_OP_MARK_CONVERSATION_READ,
					 .mark_conversation_read = {.user_id = user_id, .partner_id = partner_id}});
}

/* Runs on the only thread for reads, so that what it submits waits, and becomes one batch, until it returns. */
static bool submit_all(void *context, const struct dm_user *user)
{
	struct batch *batch = context;

	(void)user;
	for (size_t i = 0; i < batch->count; i++)
		dm_submit(batch->scratch->handle, &batch->members[i].operation);
	return true;
}

static void wait_for_all(struct batch *batch)
{
	pthread_mutex_lock(&batch->mutex);
	while (batch->done < batch->count)
		pthread_cond_wait(&batch->changed, &batch->mutex);
	pthread_mutex_unlock(&batch->mutex);
}

static void run(struct batch *batch)
{
	assert_ok(dm_user_by_id(batch->scratch->handle, batch->scratch->john, submit_all, batch, NULL));
	wait_for_all(batch);
}

static void assert_user(const struct member *member, int64_t user_id, bool recipient_exists)
{
	assert_int_equal(member->operation.status, DM_OK);
	assert_int_equal(member->user_id, user_id);
	assert_int_equal(member->operation.authenticate.recipient_exists, recipient_exists);
}

static void assert_nobody(const struct member *member, enum dm_status status)
{
	assert_int_equal(member->operation.status, status);
	assert_int_equal(member->operation.error.status, status);
	assert_int_equal(member->user_id, 0);
}

static void each_gets_its_own_answer(void **state)
{
	struct batch *batch = *state;
	const struct scratch *s = batch->scratch;
	struct member *john, *mary, *unknown, *with_partner, *without, *found, *missing, *some, *one, *none, *marked,
		*nothing, *to_bob, *to_mary, *to_nobody;

	scratch_send(s->handle, s->john, s->mary, "one");
	scratch_send(s->handle, s->bob, s->mary, "two");
	scratch_send(s->handle, s->mary, s->john, "three");
	mary = authenticate_for(batch, text_of(batch->mary), 0);
	some = count_unread(batch, s->mary);
	to_bob = authenticate_for_name(batch, text_of(batch->john), "bob");
	unknown = authenticate_for(batch, text_of("unknown"), s->john);
	to_nobody = authenticate_for_name(batch, text_of(batch->mary), "nobody");
	missing = find_user(batch, 1000000);
	john = authenticate_for(batch, text_of(batch->john), 0);
	marked = mark(batch, s->john, s->mary);
	without = authenticate_for(batch, text_of(batch->mary), 1000000);
	none = count_unread(batch, s->bob);
	with_partner = authenticate_for(batch, text_of(batch->john), s->bob);
	nothing = mark(batch, s->john, s->bob);
	found = find_user(batch, s->bob);
	one = count_unread(batch, s->mary);
	to_mary = authenticate_for_name(batch, text_of(batch->john), "mary");
	run(batch);
	assert_user(john, s->john, 0);
	assert_int_equal(john->operation.authenticate.unread, 1);
	assert_user(mary, s->mary, 0);
	assert_int_equal(mary->operation.authenticate.unread, 2);
	assert_nobody(unknown, DM_NOT_FOUND);
	assert_user(with_partner, s->john, 1);
	assert_user(without, s->mary, 0);
	assert_user(to_bob, s->john, 1);
	assert_int_equal(to_bob->operation.authenticate.found_recipient_id, s->bob);
	assert_user(to_nobody, s->mary, 0);
	assert_user(to_mary, s->john, 1);
	assert_int_equal(to_mary->operation.authenticate.found_recipient_id, s->mary);
	assert_int_equal(found->operation.status, DM_OK);
	assert_int_equal(found->user_id, s->bob);
	assert_nobody(missing, DM_NOT_FOUND);
	assert_int_equal(some->operation.unread_count.count, 2);
	assert_int_equal(one->operation.unread_count.count, 2);
	assert_int_equal(none->operation.unread_count.count, 0);
	assert_int_equal(marked->operation.status, DM_OK);
	assert_int_equal(marked->operation.mark_conversation_read.marked, 1);
	assert_int_equal(nothing->operation.status, DM_OK);
	assert_int_equal(nothing->operation.mark_conversation_read.marked, 0);
}

static void one_that_fails_leaves_the_others(void **state)
{
	struct batch *batch = *state;
	const struct scratch *s = batch->scratch;
	struct member *bad, *members[8];

	for (size_t i = 0; i < 4; i++)
		members[i] = authenticate_for(batch, text_of(i % 2 ? batch->john : batch->mary), s->bob);
	bad = authenticate_for(batch, (struct dm_text){"\xff\xfe", 2}, s->bob); /* not UTF-8 */
	for (size_t i = 4; i < 8; i++)
		members[i] = authenticate_for(batch, text_of(i % 2 ? batch->john : batch->mary), 1000000);
	run(batch);
	assert_nobody(bad, s->is_postgres ? DM_INVALID : DM_NOT_FOUND);
	for (size_t i = 0; i < 8; i++)
		assert_user(members[i], i % 2 ? s->john : s->mary, i < 4);
}

/* An imported database may have a user of id 0, which means everybody in an operation. */
static void the_user_of_id_0_is_nobodys_partner(void **state)
{
	struct batch *batch = *state;
	const struct scratch *s = batch->scratch;
	struct member *nobody, *zero, *not_asked;

	nobody = authenticate_for(batch, text_of(batch->john), 0);
	run(batch);
	assert_user(nobody, s->john, 0);
	scratch_sql(s, "UPDATE auth_user SET id = 0 WHERE username = 'bob'");
	batch->count = batch->done = 0;
	zero = authenticate_for(batch, text_of(batch->john), 0);
	not_asked = authenticate(batch, text_of(batch->mary));
	run(batch);
	assert_user(zero, s->john, 0);
	assert_user(not_asked, s->mary, 0);
}

static struct member *send_text(struct batch *batch, const char *content)
{
	struct dm_op_send arguments = {
		.sender_id = batch->scratch->john, .recipient_id = batch->scratch->mary, .content = text_of(content)};

	return add(batch, (struct dm_operation){.kind = DM_OP_SEND, .send = arguments});
}

static struct member *send_to(struct batch *batch, int64_t sender_id, int64_t recipient_id, bool unrestricted)
{
	struct member *member = send_text(batch, "x");

	member->operation.send.sender_id = sender_id;
	member->operation.send.recipient_id = recipient_id;
	member->operation.send.unrestricted = unrestricted;
	return member;
}

/* Runs on the writer's thread, so that what it submits becomes one batch. */
static void submit_writes(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			  int64_t to)
{
	struct batch *batch = context;

	(void)signal, (void)message, (void)from_user, (void)to;
	if (!batch->is_submitted)
		submit_all(batch, NULL);
	batch->is_submitted = true;
}

static void run_writes(struct batch *batch)
{
	const struct scratch *s = batch->scratch;

	assert_ok(dm_connect(s->handle, DM_MESSAGE_SENT, submit_writes, batch, NULL));
	scratch_send(s->handle, s->bob, s->mary, "begins");
	wait_for_all(batch);
	assert_true(dm_disconnect(s->handle, DM_MESSAGE_SENT, submit_writes, batch));
}

/* Whatever comes first. On PostgreSQL one statement stores those that count against the limit and those that don't. */
static void sends_that_are_limited_share_a_batch_with_others(void **state)
{
	struct batch *batch = *state;
	const struct scratch *s = batch->scratch;
	const struct member *exempt, *limited, *last, *known;

	scratch_send(s->handle, s->bob, s->mary, "known");
	assert_ok(dm_set_new_partner_limit(s->handle, 0, 3600, NULL));
	exempt = send_to(batch, s->john, s->mary, true);
	limited = send_to(batch, s->john, s->bob, false);
	last = send_to(batch, s->mary, s->john, true);
	known = send_to(batch, s->bob, s->mary, false);
	run_writes(batch);
	assert_int_equal(exempt->operation.status, DM_OK);
	assert_int_equal(limited->operation.status, DM_LIMITED);
	assert_int_equal(last->operation.status, DM_OK);
	assert_int_equal(known->operation.status, DM_OK);
}

/* What a Django project may have added to its tables. "bad" is refused; so is "worse", and on SQLite the trigger rolls
 * back all of the transaction; "worst" lacks what another table needs. */
static void refuse_contents(const struct scratch *s)
{
	if (s->is_postgres)
		scratch_sql(s, "CREATE TABLE refused (why text NOT NULL);"
			       "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
			       " IF NEW.content IN ('bad', 'worse') THEN RAISE EXCEPTION 'refused'; END IF;"
			       " IF NEW.content = 'worst' THEN INSERT INTO refused VALUES (NULL); END IF;"
			       " RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE INSERT ON directmessages_message"
			       " FOR EACH ROW EXECUTE FUNCTION refuse();"
			       "CREATE FUNCTION refuse_user() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
			       " IF NEW.username = 'worse' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$;"
			       " CREATE TRIGGER refuse BEFORE INSERT ON auth_user FOR EACH ROW EXECUTE FUNCTION"
			       " refuse_user()");
	else
		scratch_sql(s, "CREATE TRIGGER bad BEFORE INSERT ON directmessages_message WHEN NEW.content = 'bad'"
			       " BEGIN SELECT RAISE(ABORT, 'refused'); END; CREATE TRIGGER worse BEFORE INSERT ON"
			       " directmessages_message WHEN NEW.content = 'worse' BEGIN SELECT RAISE(ROLLBACK,"
			       " 'refused'); END; CREATE TRIGGER worse_user BEFORE INSERT ON auth_user WHEN"
			       " NEW.username = 'worse' BEGIN SELECT RAISE(ROLLBACK, 'refused'); END;"
			       "CREATE TABLE refused (why text NOT NULL); CREATE TRIGGER worst BEFORE INSERT ON"
			       " directmessages_message WHEN NEW.content = 'worst' BEGIN INSERT INTO refused"
			       " VALUES (NULL); END");
}

static void count_read(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
		       int64_t to)
{
	(void)signal, (void)message, (void)from_user, (void)to;
	++*(int *)context;
}

static bool count_delivery(void *context, const struct dm_delivery *delivery)
{
	(void)delivery;
	((struct member *)context)->lent++;
	return true;
}

static struct member *put_user(struct batch *batch, const char *name)
{
	return add(batch, (struct dm_operation){.kind = DM_OP_USER_PUT,
						.user_put = {.username = text_of(name), .on_user = note_user}});
}

static struct member *claim(struct batch *batch)
{
	struct dm_new_webhook webhook = {.size = sizeof(webhook),
					 .url = text_of("http://example.com/"),
					 .secret = text_of(SECRET),
					 .events = DM_WEBHOOK_ALL_EVENTS};
	struct dm_op_deliveries_claim arguments = {.until = INT64_C(4000000000000000), .on_delivery = count_delivery};

	assert_ok(dm_webhook_create(batch->scratch->handle, &webhook, &arguments.webhook_id, NULL));
	return add(batch, (struct dm_operation){.kind = DM_OP_DELIVERIES_CLAIM, .deliveries_claim = arguments});
}

static void assert_refused(const struct member *member, enum dm_status status)
{
	assert_int_equal(member->operation.status, status);
	assert_non_null(strstr(member->operation.error.message, "refused"));
}

/* What shares the batch is stored, signalled and lent once, though it may be run twice. */
static void one_write_that_the_database_refuses_leaves_the_others(void **state)
{
	struct batch *batch = *state;
	const struct scratch *s = batch->scratch;
	struct member *sent[4], *bad[3], *marked, *made, *claimed, *nobody;
	int read = 0;

	refuse_contents(s);
	claimed = claim(batch);
	scratch_send(s->handle, s->mary, s->john, "unread");
	sent[0] = send_text(batch, "first");
	marked = mark(batch, s->john, s->mary);
	made = put_user(batch, "new");
	bad[0] = send_text(batch, "bad");
	sent[1] = send_text(batch, "second");
	bad[1] = send_text(batch, "worse");
	bad[2] = send_text(batch, "worst");
	sent[2] = send_text(batch, "third");
	nobody = put_user(batch, "worse");
	sent[3] = send_text(batch, "fourth");
	assert_ok(dm_connect(s->handle, DM_MESSAGE_READ, count_read, &read, NULL));
	run_writes(batch);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(sent[i]->operation.status, DM_OK);
	for (size_t i = 0; i < 3; i++)
		assert_refused(bad[i], DM_INTERNAL);
	assert_refused(nobody, DM_INVALID);
	assert_int_equal(marked->operation.status, DM_OK);
	assert_int_equal(marked->operation.mark_conversation_read.marked, 1);
	assert_int_equal(read, 1);
	assert_int_equal(made->operation.status, DM_OK);
	assert_true(made->operation.user_put.created);
	assert_int_equal(made->lent, 1);
	assert_int_equal(claimed->operation.status, DM_OK);
	assert_int_equal(claimed->lent, claimed->operation.deliveries_claim.claimed);
	assert_int_equal(claimed->lent, scratch_number(s, "SELECT count(*) FROM directmessages_delivery"));
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_message"), 6);
	assert_int_equal(scratch_number(s, "SELECT count(*) FROM directmessages_event WHERE kind > 0"), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_gets_its_own_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_fails_leaves_the_others, setup, teardown),
		cmocka_unit_test_setup_teardown(the_user_of_id_0_is_nobodys_partner, setup, teardown),
		cmocka_unit_test_setup_teardown(sends_that_are_limited_share_a_batch_with_others, setup, teardown),
		cmocka_unit_test_setup_teardown(one_write_that_the_database_refuses_leaves_the_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

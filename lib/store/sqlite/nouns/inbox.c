/* SPDX-License-Identifier: MIT */
/* inbox.c - a page of a user's inbox.
 *
 * The table directmessages_inbox gives the order. What it does not have yet is merged in: the partners of the user's
 * own newest messages. If a row is not as the last message itself, nothing is shown before the table was mended. */
#include "nouns.h"

#include "arena.h"
#include "failure.h"
#include "inbox_table.h"
#include "inbox_walk.h"
#include "utf8.h"

#include <stdlib.h>

/* How many of the user's own messages may not be in the table yet before that has to be folded. */
#define MAX_RECENT 2000
/* How many conversations a page walks over at most, where not all are wanted; and how many partners with unread
 * messages, or who are blocked, are listed instead. */
#define MAX_WALK 1000
#define MAX_LISTED 500
/* Bytes of the longest character. */
#define MAX_CHARACTER 4

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

#define UNREAD \
	" FROM directmessages_message INDEXED BY directmessages_unread" \
	" WHERE recipient_id = ?1 AND read_at IS NULL AND hidden_for_recipient IS NULL"
#define RECENT(own, other) "SELECT " other " FROM directmessages_message WHERE " own " = ?1 AND id > " FOLDED_ID

const struct sqlite_statement_text inbox_statements[] = {
	/* By the indexes of Django's foreign keys, which end with the row's id. */
	{INBOX_RECENT, RECENT("sender_id", "recipient_id") " UNION ALL " RECENT(
			       "recipient_id", "sender_id") " LIMIT " NUMBER(MAX_RECENT) " + 1"},
	/* A loose scan: from each partner to the next one is a step in the index. */
	{INBOX_UNREAD_PARTNERS,
	 "WITH RECURSIVE partner(id) AS (SELECT min(sender_id)" UNREAD " UNION ALL SELECT (SELECT min(sender_id)" UNREAD
	 " AND sender_id > partner.id) FROM partner WHERE partner.id IS NOT NULL LIMIT " NUMBER(
		 MAX_LISTED) " + 1)"
			     " SELECT id FROM partner WHERE id IS NOT NULL"},
	{INBOX_BLOCKED_PARTNERS,
	 "SELECT blocked_id FROM directmessages_block WHERE user_id = ?1 LIMIT " NUMBER(MAX_LISTED) " + 1"},
	{INBOX_HAS_UNREAD, "SELECT EXISTS (SELECT 1" UNREAD " AND sender_id = ?2)"},
	{INBOX_UNREAD_COUNT,
	 "SELECT count(*) FROM (SELECT 1" UNREAD " AND sender_id = ?2 LIMIT " NUMBER(DM_MAX_UNREAD) ")"},
	{0},
};

/* A page that is being made. */
struct inbox_page {
	struct sqlite_session *session;
	struct dm_operation *operation;
	int64_t *partners; /* whose place is looked up, and not taken from the table; ascending, each once */
	size_t partners_count;
	struct inbox_place *places;
	size_t places_count;
	bool walks;             /* the partners are those of the table; else they are listed */
	int64_t walked;         /* rows of the table */
	enum dm_status status;  /* of what on_walked does */
	struct inbox_place end; /* the last row that was walked */
	struct arena texts;     /* names of partners */
	sqlite3_blob *content;
};

/* ---- partners that are listed --------------------------------------------------------------------------------- */

static int compare_ids(const void *a_pointer, const void *b_pointer)
{
	int64_t a = *(const int64_t *)a_pointer, b = *(const int64_t *)b_pointer;

	return (a > b) - (a < b);
}

/* Reads the ids that the statement gives, sorted and each once; *rows counts all. */
static enum dm_status list_partners(struct inbox_page *page, enum sqlite_statement which, size_t max, size_t *rows)
{
	sqlite3_stmt *statement = page->session->statements[which];
	int code = SQLITE_DONE;
	size_t kept = 0;

	*rows = 0;
	sqlite3_bind_int64(statement, 1, page->operation->inbox.user_id);
	while (*rows <= max && (code = sqlite3_step(statement)) == SQLITE_ROW)
		page->partners[(*rows)++] = sqlite3_column_int64(statement, 0);
	qsort(page->partners, *rows, sizeof(*page->partners), compare_ids);
	for (size_t i = 0; i < *rows; i++)
		if (kept == 0 || page->partners[kept - 1] != page->partners[i])
			page->partners[kept++] = page->partners[i];
	page->partners_count = kept;
	return session_finish(page->session, statement, code, &page->operation->error);
}

/* ---- places ---------------------------------------------------------------------------------------------------- */

/* Newest first. */
static int compare_places(const void *a_pointer, const void *b_pointer)
{
	const struct dm_message *a = &((const struct inbox_place *)a_pointer)->message;
	const struct dm_message *b = &((const struct inbox_place *)b_pointer)->message;

	if (a->sent_at != b->sent_at)
		return a->sent_at < b->sent_at ? 1 : -1;
	return (a->id < b->id) - (a->id > b->id);
}

static bool is_beyond_position(const struct dm_op_inbox *inbox, const struct dm_message *message)
{
	return !inbox->has_position || message->sent_at < inbox->position ||
	       (message->sent_at == inbox->position && message->id < inbox->row_id);
}

/* The number that a statement about the user and one partner gives. */
static enum dm_status ask_number(struct inbox_page *page, enum sqlite_statement id, int64_t partner_id, int64_t *number)
{
	sqlite3_stmt *statement = page->session->statements[id];
	int code;

	sqlite3_bind_int64(statement, 1, page->operation->inbox.user_id);
	sqlite3_bind_int64(statement, 2, partner_id);
	code = sqlite3_step(statement);
	*number = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	return session_finish(page->session, statement, code, &page->operation->error);
}

/* Adds the place if the page wants it. */
static enum dm_status add_place(struct inbox_page *page, const struct inbox_place *place)
{
	const struct dm_op_inbox *inbox = &page->operation->inbox;
	int64_t has_unread = 1;
	enum dm_status status = DM_OK;

	if (place->is_blocked != inbox->blocked_only)
		return DM_OK;
	if (inbox->unread_only && page->walks) /* else that is why the partner is listed */
		status = ask_number(page, INBOX_HAS_UNREAD, place->partner_id, &has_unread);
	if (status == DM_OK && has_unread)
		page->places[page->places_count++] = *place;
	return status;
}

/* Adds the conversations with the listed partners. */
static enum dm_status add_listed(struct inbox_page *page)
{
	const struct dm_op_inbox *inbox = &page->operation->inbox;
	enum dm_status status = DM_OK;
	struct inbox_place place;

	for (size_t i = 0; i < page->partners_count && status == DM_OK; i++) {
		status = inbox_last(page->session, inbox->user_id, page->partners[i], &place, &page->texts,
				    &page->operation->error);
		if (status == DM_OK && place.message.id != 0 && is_beyond_position(inbox, &place.message))
			status = add_place(page, &place);
	}
	return status;
}

static size_t limit_of(const struct dm_op_inbox *inbox)
{
	return inbox->limit > 0 ? inbox->limit : DM_MAX_INBOX;
}

/* Adds a row of the table, unless its partner is listed. One more than the page has tells whether there are more. */
static bool on_walked(void *context, const struct inbox_place *place)
{
	struct inbox_page *page = context;
	struct dm_op_inbox *inbox = &page->operation->inbox;
	size_t count = page->places_count;

	page->walked++;
	if (bsearch(&place->partner_id, page->partners, page->partners_count, sizeof(*page->partners), compare_ids))
		return true;
	page->end = *place;
	if (place->is_wrong) {
		inbox->lack = DM_INBOX_LACKS_MEND;
		return false;
	}
	page->status = add_place(page, place);
	if (page->places_count > count)
		inbox_keep(&page->places[count], &page->texts);
	return page->status == DM_OK && page->places_count <= limit_of(inbox);
}

static enum dm_status walk(struct inbox_page *page)
{
	const struct dm_op_inbox *inbox = &page->operation->inbox;
	const struct inbox_walk walk = {
		.user_id = inbox->user_id,
		.has_position = inbox->has_position,
		.position = inbox->position,
		.row_id = inbox->row_id,
		.limit = MAX_RECENT + MAX_WALK,
		.on_place = on_walked,
		.context = page,
	};
	enum dm_status status = inbox_walk(page->session, &walk, &page->operation->error);

	return status == DM_OK ? page->status : status;
}

static bool make_room(struct inbox_page *page)
{
	page->places = malloc((page->partners_count + limit_of(&page->operation->inbox) + 1) * sizeof(*page->places));
	return page->places != NULL;
}

/* Finds the places of the page, in their order. */
static enum dm_status find_places(struct inbox_page *page)
{
	struct dm_op_inbox *inbox = &page->operation->inbox;
	enum dm_status status = DM_OK;
	size_t rows = 0;

	page->walks = !inbox->unread_only && !inbox->blocked_only;
	if (!page->walks) {
		status = list_partners(page, inbox->unread_only ? INBOX_UNREAD_PARTNERS : INBOX_BLOCKED_PARTNERS,
				       MAX_LISTED, &rows);
		page->walks = rows > MAX_LISTED;
	}
	if (page->walks && status == DM_OK)
		status = list_partners(page, INBOX_RECENT, MAX_RECENT, &rows);
	if (page->walks && rows > MAX_RECENT)
		inbox->lack = DM_INBOX_LACKS_FOLD;
	if (status != DM_OK || inbox->lack != DM_INBOX_LACKS_NOTHING)
		return status;
	if (!make_room(page))
		return fail(&page->operation->error, DM_NO_MEMORY, "out of memory");
	if (page->walks)
		status = walk(page);
	if (status == DM_OK && inbox->lack == DM_INBOX_LACKS_NOTHING)
		status = add_listed(page);
	qsort(page->places, page->places_count, sizeof(*page->places), compare_places);
	return status;
}

/* ---- entries --------------------------------------------------------------------------------------------------- */

/* Reads the beginning of a content into `text`, which has room for the preview: of a long one only that is read from
 * the file. */
static enum dm_status read_content(struct inbox_page *page, char *text, struct inbox_place *place, bool *is_cut)
{
	size_t max = page->operation->inbox.max_preview, length;
	sqlite3 *db = page->session->db;
	int code = page->content ? sqlite3_blob_reopen(page->content, place->message.id)
				 : sqlite3_blob_open(db, "main", "directmessages_message", "content", place->message.id,
						     0, &page->content);

	if (code != SQLITE_OK)
		return session_failure(page->session, code, &page->operation->error);
	length = (size_t)sqlite3_blob_bytes(page->content);
	*is_cut = length > max * MAX_CHARACTER;
	if (*is_cut)
		length = max * MAX_CHARACTER;
	code = sqlite3_blob_read(page->content, text, (int)length, 0);
	if (code != SQLITE_OK)
		return session_failure(page->session, code, &page->operation->error);
	place->message.content = (struct dm_text){text, utf8_prefix(text, length, max)};
	*is_cut |= place->message.content.length < length;
	return DM_OK;
}

/* Lends the entry. DM_NOT_FOUND where the partner's user is gone. */
static enum dm_status lend(struct inbox_page *page, char *text, struct inbox_place *place, bool *enough)
{
	struct dm_operation *operation = page->operation;
	struct dm_inbox_entry entry = {
		.partner = place->partner, .has_message = place->message.id != 0, .blocked = place->is_blocked};
	enum dm_status status = DM_OK;

	if (page->texts.failed)
		return fail(&operation->error, DM_NO_MEMORY, "out of memory");
	if (!place->has_user)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	if (entry.has_message)
		status = read_content(page, text, place, &entry.content_is_cut);
	if (status == DM_OK && !entry.blocked) /* what blocked partners have sent does not count */
		status = ask_number(page, INBOX_UNREAD_COUNT, place->partner_id, &entry.unread);
	if (status != DM_OK)
		return status;
	entry.message = place->message;
	*enough = !operation->inbox.on_entry(operation->context, &entry);
	return DM_OK;
}

/* Lends the page, and notes where the next one begins. Behind the end of a walk that was cut other places may come
 * first. */
static enum dm_status lend_places(struct inbox_page *page, char *text)
{
	struct dm_op_inbox *inbox = &page->operation->inbox;
	bool is_cut = page->walked == MAX_RECENT + MAX_WALK, enough = false;
	enum dm_status status = DM_OK;
	size_t i = 0;

	while (is_cut && page->places_count > 0 &&
	       compare_places(&page->places[page->places_count - 1], &page->end) > 0)
		page->places_count--;
	for (; i < page->places_count && i < limit_of(inbox) && status == DM_OK && !enough; i++) {
		inbox->next_position = page->places[i].message.sent_at;
		inbox->next_row_id = page->places[i].message.id;
		status = lend(page, text, &page->places[i], &enough);
	}
	inbox->more = i < page->places_count || is_cut;
	if (is_cut && i == page->places_count && !enough) {
		inbox->next_position = page->end.message.sent_at;
		inbox->next_row_id = page->end.message.id;
	}
	return status;
}

static enum dm_status lend_one(struct inbox_page *page, char *text)
{
	struct dm_op_inbox *inbox = &page->operation->inbox;
	struct inbox_place place;
	bool enough;
	enum dm_status status = inbox_last(page->session, inbox->user_id, inbox->partner_id, &place, &page->texts,
					   &page->operation->error);

	return status == DM_OK ? lend(page, text, &place, &enough) : status;
}

static enum dm_status make_page(struct inbox_page *page)
{
	struct dm_op_inbox *inbox = &page->operation->inbox;
	char *text = malloc(inbox->max_preview * MAX_CHARACTER + 1);
	enum dm_status status = DM_OK;

	page->partners = malloc((MAX_RECENT + 1) * sizeof(*page->partners));
	if (!text || !page->partners)
		status = fail(&page->operation->error, DM_NO_MEMORY, "out of memory");
	else if (inbox->partner_id != 0)
		status = lend_one(page, text);
	else if (!inbox->unread_only || !inbox->blocked_only) /* both: none */
		status = find_places(page);
	if (status == DM_OK && inbox->lack == DM_INBOX_LACKS_NOTHING)
		status = lend_places(page, text);
	sqlite3_blob_close(page->content);
	arena_release(&page->texts);
	free(page->places);
	free(page->partners);
	free(text);
	return status;
}

/* All statements see the same rows. */
enum dm_status inbox_page(struct sqlite_session *session, struct dm_operation *operation)
{
	struct inbox_page page = {.session = session, .operation = operation};
	bool begins = sqlite3_get_autocommit(session->db);
	enum dm_status status = DM_OK;

	operation->inbox.lack = DM_INBOX_LACKS_NOTHING;
	operation->inbox.more = false;
	if (begins)
		status = session_step_done(session, session->statements[BEGIN_READ], &operation->error);
	if (status == DM_OK)
		status = make_page(&page);
	if (begins && !sqlite3_get_autocommit(session->db)) {
		sqlite3_step(session->statements[COMMIT]);
		sqlite3_reset(session->statements[COMMIT]);
	}
	return status;
}

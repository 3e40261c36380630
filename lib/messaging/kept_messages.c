/* SPDX-License-Identifier: MIT */
/* kept_messages.c - the messages that an operation has marked as read. They are signalled after the commit. */
#include "kept_messages.h"

#include "arena.h"

#include <stdlib.h>

struct kept_messages {
	struct arena arena;
	struct kept_message {
		struct kept_message *next;
		struct dm_message message;
	} * first, **last;
};

bool kept_messages_add(struct dm_operation *operation, const struct dm_message *message)
{
	struct kept_messages *marked = operation->internal.marked;
	struct kept_message *kept;
	struct span content;

	if (!operation->internal.signals_read)
		return true;
	if (!marked) {
		marked = calloc(1, sizeof(*marked));
		if (!marked)
			return false;
		marked->last = &marked->first;
		operation->internal.marked = marked;
	}
	kept = arena_alloc(&marked->arena, sizeof(*kept));
	content = arena_copy(&marked->arena, (struct span){message->content.data, message->content.length});
	if (!kept || !content.data)
		return false;
	kept->message = *message;
	kept->message.content = (struct dm_text){content.data, content.length};
	*marked->last = kept;
	marked->last = &kept->next;
	return true;
}

void kept_messages_forget(struct dm_operation *operation)
{
	struct kept_messages *marked = operation->internal.marked;

	if (!marked)
		return;
	arena_release(&marked->arena);
	free(marked);
	operation->internal.marked = NULL;
}

void kept_messages_signal(const struct dm_operation *operation, struct signals *signals)
{
	const struct kept_messages *marked = operation->internal.marked;

	for (const struct kept_message *kept = marked ? marked->first : NULL; kept; kept = kept->next)
		signals_emit(signals, DM_MESSAGE_READ, &kept->message);
}

/* SPDX-License-Identifier: MIT */
/* replay.c - what a send is given whose idempotency key was used before. */
#include "replay.h"

#include "failure.h"

static bool is_same_request(const struct dm_op_send *send, const struct stored_key *key)
{
	return key->recipient_id == send->recipient_id && key->fingerprint.length == DM_FINGERPRINT_SIZE &&
	       memcmp(key->fingerprint.data, send->internal.fingerprint, DM_FINGERPRINT_SIZE) == 0;
}

enum dm_status replay_give(struct dm_operation *operation, const struct stored_key *key)
{
	struct dm_op_send *send = &operation->send;
	const struct dm_message *message = &key->message;

	operation->error = (struct dm_error){DM_OK, ""}; /* the rules may have refused another message */
	if (!is_same_request(send, key))
		return fail(&operation->error, DM_KEY_REUSED, "This Idempotency-Key was used for another message.");
	if (!key->has_message || message->sender_id != send->sender_id || message->recipient_id != send->recipient_id ||
	    message->sent_at != key->at)
		return fail(&operation->error, DM_KEY_GONE,
			    "The message of this Idempotency-Key does not exist any more.");
	send->message = *message;
	send->message.content = send->content;
	send->replayed = true;
	return DM_OK;
}

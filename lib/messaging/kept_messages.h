/* SPDX-License-Identifier: MIT */
/* kept_messages.h - the messages that an operation has marked as read. They are signalled after the commit. */
#ifndef KEPT_MESSAGES_H
#define KEPT_MESSAGES_H

#include "signals.h"

/* Keeps a copy, if anybody is to be signalled. False: there is no memory. */
bool kept_messages_add(struct dm_operation *operation, const struct dm_message *message);

/* Emits DM_MESSAGE_READ for each. */
void kept_messages_signal(const struct dm_operation *operation, struct signals *signals);

void kept_messages_forget(struct dm_operation *operation);

#endif

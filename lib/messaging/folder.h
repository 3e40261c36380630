/* SPDX-License-Identifier: MIT */
/* folder.h - the thread that brings new messages into the table of inboxes. */
#ifndef FOLDER_H
#define FOLDER_H

#include "attributes.h"
#include "directmessages.h"

struct folder;

/* `run` is dm_run, which stands above this. NULL where there is no memory or no thread. */
MUST_CHECK struct folder *folder_start(dm *handle, void (*run)(dm *handle, struct dm_operation *operation));

/* Waits for the operation that is under way. NULL is fine. */
void folder_stop(struct folder *folder);

#endif

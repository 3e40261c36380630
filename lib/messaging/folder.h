/* SPDX-License-Identifier: MIT */
/* folder.h - the thread that brings new messages into the table of inboxes. */
#ifndef FOLDER_H
#define FOLDER_H

#include "attributes.h"
#include "directmessages.h"

struct folder;

/* NULL where there is no memory or no thread. */
MUST_CHECK struct folder *folder_start(dm *handle);

/* Waits for the operation that is under way. NULL is fine. */
void folder_stop(struct folder *folder);

#endif

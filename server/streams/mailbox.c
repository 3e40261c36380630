/* SPDX-License-Identifier: MIT */
/* mailbox.c - what other threads post to the hub's thread, and what wakes it. */
#include "mailbox.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool mailbox_init(struct mailbox *mailbox, int epoll)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	*mailbox = (struct mailbox){.last = &mailbox->first};
	pthread_mutex_init(&mailbox->mutex, NULL);
	mailbox->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return mailbox->wakeup >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, mailbox->wakeup, &event) == 0;
}

void mailbox_release(struct mailbox *mailbox)
{
	if (mailbox->wakeup >= 0)
		close(mailbox->wakeup);
	pthread_mutex_destroy(&mailbox->mutex);
}

void mailbox_wake(struct mailbox *mailbox)
{
	if (!atomic_exchange(&mailbox->awake, true))
		eventfd_write(mailbox->wakeup, 1);
}

void mailbox_post(struct mailbox *mailbox, struct stream *stream, enum stream_mail mail)
{
	stream->mail = mail;
	stream->next_of_mail = NULL;
	pthread_mutex_lock(&mailbox->mutex);
	*mailbox->last = stream;
	mailbox->last = &stream->next_of_mail;
	pthread_mutex_unlock(&mailbox->mutex);
	mailbox_wake(mailbox);
}

static void post_flag(struct mailbox *mailbox, bool *flag)
{
	pthread_mutex_lock(&mailbox->mutex);
	*flag = true;
	pthread_mutex_unlock(&mailbox->mutex);
	mailbox_wake(mailbox);
}

void mailbox_post_ending(struct mailbox *mailbox)
{
	post_flag(mailbox, &mailbox->ending);
}

void mailbox_post_stopping(struct mailbox *mailbox)
{
	post_flag(mailbox, &mailbox->stopping);
}

struct mail mailbox_empty(struct mailbox *mailbox)
{
	struct mail mail;

	pthread_mutex_lock(&mailbox->mutex);
	mail = (struct mail){mailbox->first, mailbox->ending, mailbox->stopping};
	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	pthread_mutex_unlock(&mailbox->mutex);
	return mail;
}

void mailbox_reset_wakeup(struct mailbox *mailbox)
{
	eventfd_t value;

	eventfd_read(mailbox->wakeup, &value);
	atomic_store(&mailbox->awake, false);
}

/* SPDX-License-Identifier: MIT */
/* process_setup.c - what a server asks of the system for its process. */
#include "process_setup.h"

#include "log.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void process_block_signals(sigset_t *blocked)
{
	sigemptyset(blocked);
	sigaddset(blocked, SIGTERM);
	sigaddset(blocked, SIGINT);
	sigaddset(blocked, SIGHUP);
	pthread_sigmask(SIG_BLOCK, blocked, NULL);
	signal(SIGPIPE, SIG_IGN); /* a client that has left: the write fails, and is handled */
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit: likewise */
}

void process_unblock_signals(const sigset_t *blocked)
{
	sigset_t ending = *blocked;

	sigdelset(&ending, SIGHUP); /* a reload that comes too late must not end the process */
	/* A script's background job inherits an ignored SIGINT. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &ending, NULL);
}

void process_raise_file_limit(size_t connections, size_t streams, size_t others)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < connections + streams + others)
		log_line(
			LOG_WARNING,
			"only %llu files may be open, for up to %zu connections and %zu event streams; raise the limit (ulimit -n)",
			(unsigned long long)limit.rlim_cur, connections, streams);
}

void process_forbid_core_dumps(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

/* SPDX-License-Identifier: MIT */
/* bus_error.c - what becomes of a server whose mapped database file can't be read. */
#include "bus_error.h"

#include "cli.h"
#include "directmessages.h"
#include "log.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define MAX_NAME 500

static const char before[] = "the mapped file ";
static const char after[] = " can't be read: it was cut off, or its disk fails; look at the file, restore it if it is "
			    "damaged, then start the server again";

/* Calls nothing that a signal handler may not. */
static void say_which(const char *file)
{
	char sentence[sizeof(before) + MAX_NAME + sizeof(after)], *end = stpcpy(sentence, before);

	end = stpncpy(end, file, MAX_NAME);
	stpcpy(end, after);
	log_from_signal(sentence);
}

/* The signal of a read that failed comes again when the handler returns, and so ends the process, unless that is done
 * here. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
	static atomic_flag is_said = ATOMIC_FLAG_INIT;
	const char *file = info->si_code > 0 ? dm_mapped_file(info->si_addr) : NULL; /* else somebody has sent it */

	(void)context;
	if (!file) {
		signal(number, SIG_DFL);
		if (info->si_code <= 0)
			raise(number);
		return;
	}
	while (atomic_flag_test_and_set(&is_said)) /* another thread says it, and ends the process */
		pause();
	say_which(file);
	_exit(EXIT_FAILED);
}

void bus_error_install(void)
{
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

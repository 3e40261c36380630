/* SPDX-License-Identifier: MIT */
/* hosts.c - where the database may be. */
#include "hosts.h"

#include "conninfo.h"
#include "failure.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PORT "5432" /* what libpq takes for a gap in a list of ports */

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val && *options->val ? options->val : NULL;
	return NULL;
}

static size_t count_elements(const char *list)
{
	size_t count = list ? 1 : 0;

	for (; list && *list; list++)
		count += *list == ',';
	return count;
}

/* An empty element can't be passed on: libpq would not let it overrule the URL's. */
static bool has_gap(const char *list)
{
	size_t length = list ? strlen(list) : 0;

	return length > 0 && (list[0] == ',' || list[length - 1] == ',' || strstr(list, ",,"));
}

/* A copy of the list's element, or of its only one; NULL where there is no list. Only a list of ports may have gaps
 * here. *good becomes false where there is no memory. */
static char *copy_element(const char *list, size_t index, bool *good)
{
	char *copy;

	if (!list)
		return NULL;
	for (index = count_elements(list) == 1 ? 0 : index; index > 0; index--)
		list += strcspn(list, ",") + 1;
	if (*list == '\0' || *list == ',')
		copy = strdup(PORT);
	else
		copy = strndup(list, strcspn(list, ","));
	*good = *good && copy;
	return copy;
}

/* Fills in the hosts. Lists of different lengths are left to libpq, which refuses them at each attempt; so are hosts
 * without a name. False where there is no memory. */
static bool copy_hosts(struct postgres *postgres, const PQconninfoOption *options)
{
	const char *names = value_of(options, "host"), *addresses = value_of(options, "hostaddr");
	const char *ports = value_of(options, "port");
	size_t count = addresses ? count_elements(addresses) : count_elements(names);
	bool good = true;

	if ((names && count_elements(names) != count) ||
	    (count_elements(ports) > 1 && count_elements(ports) != count) || has_gap(names) || has_gap(addresses))
		count = 0;
	postgres->hosts = calloc(count > 0 ? count : 1, sizeof(*postgres->hosts));
	if (!postgres->hosts)
		return false;
	postgres->hosts_count = count > 0 ? count : 1;
	for (size_t i = 0; i < count; i++)
		postgres->hosts[i] = (struct host){copy_element(names, i, &good), copy_element(addresses, i, &good),
						   copy_element(ports, i, &good)};
	return good;
}

enum dm_status hosts_read(struct postgres *postgres, struct dm_error *error)
{
	PGconn *unconnected = conninfo_unconnected(postgres);
	PQconninfoOption *options = unconnected ? PQconninfo(unconnected) : NULL;
	const char *timeout_s = options ? value_of(options, "connect_timeout") : NULL;
	/* Such a connection always fails; where that is for lack of memory, its options are not all there. */
	bool good = options && !strstr(PQerrorMessage(unconnected), "out of memory") && copy_hosts(postgres, options);

	/* For libpq 0 is no limit. */
	postgres->limits.connect = timeout_s ? strtol(timeout_s, NULL, 10) * INT64_C(1000000)
					     : postgres->options.busy_timeout_ms * INT64_C(1000) + 1000000;
	PQconninfoFree(options);
	PQfinish(unconnected);
	return good ? DM_OK : fail(error, DM_NO_MEMORY, "out of memory");
}

void hosts_free(struct postgres *postgres)
{
	for (size_t i = 0; i < postgres->hosts_count; i++) {
		free(postgres->hosts[i].name);
		free(postgres->hosts[i].address);
		free(postgres->hosts[i].port);
	}
	free(postgres->hosts);
}

/* Looks up all addresses of one host, which libpq would try one after the other. Gives how many there are. */
static size_t resolve(const struct host *host, struct home *targets, size_t max_targets)
{
	static const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	bool is_name = host->name && !host->address && *host->name != '/' && *host->name != '@';
	struct addrinfo *found = NULL;
	size_t count = 0;

	if (is_name && getaddrinfo(host->name, NULL, &wanted, &found) == 0)
		for (const struct addrinfo *one = found; one && count < max_targets; one = one->ai_next) {
			targets[count].host = host;
			if (getnameinfo(one->ai_addr, one->ai_addrlen, targets[count].address, sizeof(targets->address),
					NULL, 0, NI_NUMERICHOST) == 0)
				count++;
		}
	if (found)
		freeaddrinfo(found);
	if (count == 0 && max_targets > 0)
		targets[count++] = (struct home){.host = host};
	return count;
}

static bool is_same(const struct home *one, const struct home *other)
{
	return one->host == other->host && strcmp(one->address, other->address) == 0;
}

size_t hosts_resolve(struct postgres *postgres, struct home targets[MAX_TARGETS])
{
	struct home home;
	size_t count = 0;

	for (size_t i = 0; i < postgres->hosts_count; i++)
		count += resolve(&postgres->hosts[i], &targets[count], MAX_TARGETS - count);
	pthread_mutex_lock(&postgres->mutex);
	home = postgres->home;
	pthread_mutex_unlock(&postgres->mutex);
	for (size_t i = 1; i < count; i++)
		if (is_same(&targets[i], &home)) {
			memmove(&targets[1], &targets[0], i * sizeof(*targets));
			targets[0] = home;
			break;
		}
	return count;
}

void hosts_settle(struct postgres *postgres, const struct home *target)
{
	pthread_mutex_lock(&postgres->mutex);
	if (!is_same(&postgres->home, target)) {
		if (postgres->home.host)
			atomic_fetch_add(&postgres->moves, 1);
		postgres->home = *target;
	}
	pthread_mutex_unlock(&postgres->mutex);
}

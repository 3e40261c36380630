/* SPDX-License-Identifier: MIT */
/* routes.c - the route table. */
#include "routes.h"

#include "resources.h"

#include <string.h>

#define FIELD(name, type, required, read_only, label) \
	"\"" name "\":{\"type\":\"" type "\",\"required\":" required ",\"read_only\":" read_only ",\"label\":\"" label \
	"\"}"
#define READ_ONLY(name, type, label) FIELD(name, type, "false", "true", label)
#define CONTENT FIELD("content", "string", "true", "false", "Content")

#define SEND_ACTIONS "{\"POST\":{" READ_ONLY("id", "integer", "ID") "," CONTENT "}}"
#define MESSAGE_ACTIONS \
	"{\"POST\":{" READ_ONLY("id", "integer", "ID") "," READ_ONLY("sender", "field", "Sender") "," READ_ONLY( \
		"recipient", "field", \
		"Recipient") "," READ_ONLY("direction", "field", \
					   "Direction") "," READ_ONLY("sent_at", "datetime", \
								      "Sent at") "," READ_ONLY("read_at", "datetime", \
											       "Read at") "," CONTENT \
													  "}}"

/* clang-format off */
static const struct route routes[] = {
	{"unread/",               "Unread Messages",     "GET, HEAD, OPTIONS",       .get = unread_get},
	{"conversations/",        "Conversation List",   "GET, HEAD, OPTIONS",       .get = conversations_get},
	{"conversations/unread/", "Conversation Unread", "GET, HEAD, OPTIONS",       .get = conversations_unread_get},
	{"conversations/<id>/",   "Message List",        "GET, POST, HEAD, OPTIONS", .get = conversation_get,
	                          .post = conversation_post, .to_user = true, .actions = MESSAGE_ACTIONS},
	{"messages/<id>/",        "Message Delete",      "DELETE, OPTIONS",          .delete_ = message_delete},
	{"send/<id>/",            "Message Send",        "POST, OPTIONS",            .post = send_post,
	                          .to_user = true, .actions = SEND_ACTIONS},
};
/* clang-format on */

/* Takes digits off the front of *path; false where there are none. */
static bool take_id(struct span *path, int64_t *id)
{
	struct span digits = {path->data, 0};

	while (path->length > 0 && *path->data >= '0' && *path->data <= '9') {
		digits.length++;
		path->data++;
		path->length--;
	}
	if (!span_to_int64(digits, id))
		*id = -1;
	return digits.length > 0;
}

static bool matches(struct span path, const char *pattern, int64_t *id)
{
	for (; *pattern; pattern++) {
		if (*pattern == '<') {
			if (!take_id(&path, id))
				return false;
			pattern = strchr(pattern, '>');
		} else {
			if (path.length == 0 || *path.data != *pattern)
				return false;
			path.data++;
			path.length--;
		}
	}
	return path.length == 0;
}

static const struct route *find_exactly(struct span path, int64_t *id)
{
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++)
		if (matches(path, routes[i].path, id))
			return &routes[i];
	return NULL;
}

/* Whether the path with a slash added would match: the pattern ends with one, so compare without it. */
static bool lacks_slash(struct span path)
{
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
		char pattern[64];
		int64_t id;

		snprintf(pattern, sizeof(pattern), "%.*s", (int)strlen(routes[i].path) - 1, routes[i].path);
		if (matches(path, pattern, &id))
			return true;
	}
	return false;
}

enum route_match route_find(struct span path, struct span prefix, const struct route **route, int64_t *id)
{
	if (path.length < prefix.length || memcmp(path.data, prefix.data, prefix.length) != 0)
		return ROUTE_NONE;
	path.data += prefix.length;
	path.length -= prefix.length;
	*route = find_exactly(path, id);
	if (*route)
		return ROUTE_FOUND;
	return lacks_slash(path) ? ROUTE_LACKS_SLASH : ROUTE_NONE;
}

void routes_print(FILE *out, const char *prefix)
{
	fprintf(out, "%-26s %-40s %s\n", "METHODS", "PATH", "NAME");
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s%s", prefix, routes[i].path);
		fprintf(out, "%-26s %-40s %s\n", routes[i].allow, path, routes[i].name);
	}
}

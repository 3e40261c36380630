/* SPDX-License-Identifier: MIT */
/* routes.c - the route table. */
#include "routes.h"

#include "admin_resources.h"
#include "docs_resources.h"
#include "events_resources.h"
#include "exposition.h"
#include "form.h"
#include "messages_resources.h"
#include "operations_resources.h"
#include "policy.h"

#include <string.h>

/* The docs page has nothing inline and asks no other host. */
#define DOCS_POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* The web client has nothing inline either, and makes no HTML of texts. */
#define WEB_POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

#define TEXT "text/plain; charset=utf-8"

/* The fields of a POST, for OPTIONS. */
/* clang-format off */
#define FIELD(name, type, required, read_only, label) \
	"\"" name "\":{\"type\":\"" type "\",\"required\":" required ",\"read_only\":" read_only ",\"label\":\"" label "\"}"
#define READ_ONLY(name, type, label) FIELD(name, type, "false", "true", label)
#define ID        READ_ONLY("id", "integer", "ID")
#define SENDER    READ_ONLY("sender", "field", "Sender")
#define RECIPIENT READ_ONLY("recipient", "field", "Recipient")
#define DIRECTION READ_ONLY("direction", "field", "Direction")
#define SENT_AT   READ_ONLY("sent_at", "datetime", "Sent at")
#define READ_AT   READ_ONLY("read_at", "datetime", "Read at")
#define CONTENT   FIELD("content", "string", "true", "false", "Content")

#define READ_ACTIONS    "{\"POST\":{" FIELD("up_to", "integer", "false", "false", "Up to") "}}"
#define UNREAD_ACTIONS  "{\"POST\":{" FIELD("from", "integer", "false", "false", "From") "}}"
#define SEND_ACTIONS    "{\"POST\":{" ID "," CONTENT "}}"
#define MESSAGE_ACTIONS \
	"{\"POST\":{" ID "," SENDER "," RECIPIENT "," DIRECTION "," SENT_AT "," READ_AT "," CONTENT "}}"
/* clang-format on */

static const struct http_header docs_headers[] = {
	{"Cache-Control", "no-cache"}, /* its files keep their names over releases: clients revalidate by ETag */
	{"Content-Security-Policy", DOCS_POLICY},
	{"Referrer-Policy", "no-referrer"},
	{NULL, NULL},
};
#define DOCS(file) \
	{ \
		"/api/docs/" file, "Docs Page", "GET, HEAD", .get = docs_get, .headers = docs_headers \
	}

static const struct http_header web_headers[] = {
	{"Cache-Control", "no-cache"},
	{"Content-Security-Policy", WEB_POLICY},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Referrer-Policy", "no-referrer"},
	{NULL, NULL},
};
#define WEB(file) \
	{ \
		"/app/" file, "Web Client", "GET, HEAD", .get = web_get, .is_web = true, .headers = web_headers \
	}

static const struct http_header not_stored[] = {{"Cache-Control", "no-store"}, {NULL, NULL}};

/* Proxies must not store a stream, nor hold back parts of it. */
static const struct http_header streamed[] = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}, {NULL, NULL}};

/* clang-format off */
static const struct route routes[] = {
	{"unread/",               "Unread Messages",     "GET, HEAD, OPTIONS",       .get = unread_get, .counts = DM_COUNT_UNREAD},
	{"inbox/",                "Inbox",               "GET, HEAD, OPTIONS",       .get = inbox_get},
	{"inbox/<user>/",         "Inbox Entry",         "GET, HEAD, OPTIONS",       .get = inbox_entry_get, .to_user = true},
	{"conversations/",        "Conversation List",   "GET, HEAD, OPTIONS",       .get = conversations_get},
	{"conversations/unread/", "Conversation Unread", "GET, HEAD, OPTIONS",       .get = conversations_unread_get},
	{"conversations/read/",   "Mark All Read",       "POST, OPTIONS",            .post = conversations_read_post},
	{"conversations/<user>/read/",   "Mark Read",    "POST, OPTIONS",            .post = conversation_read_post,
	                          .to_user = true, .number = "up_to", .actions = READ_ACTIONS},
	{"conversations/<user>/unread/", "Mark Unread",  "POST, OPTIONS",            .post = conversation_unread_post,
	                          .to_user = true, .number = "from", .actions = UNREAD_ACTIONS},
	{"conversations/<user>/", "Message List",        "GET, POST, DELETE, HEAD, OPTIONS", .get = conversation_get,
	                          .post = conversation_post, .delete_ = conversation_delete, .sends = true, .to_user = true,
	                          .guards_get = true, .counts = DM_HAS_UNREAD_FROM_RECIPIENT,
	                          .actions = MESSAGE_ACTIONS},
	{"messages/<id>/",        "Message Delete",      "GET, DELETE, HEAD, OPTIONS", .get = message_get,
	                          .delete_ = message_delete},
	{"send/<user>/",          "Message Send",        "POST, OPTIONS",            .post = send_post, .sends = true,
	                          .to_user = true, .actions = SEND_ACTIONS},
	{"blocks/",               "Block List",          "GET, HEAD, OPTIONS",       .get = blocks_get},
	{"blocks/<user>/",        "Block",               "PUT, DELETE, OPTIONS",     .put = block_put,
	                          .delete_ = block_delete, .to_user = true},
	{"events/",               "Event Stream",        "GET, HEAD, OPTIONS",       .get = events_get,
	                          .content_type = "text/event-stream", .headers = streamed, .guards_get = true,
	                          .accepts_ticket = true},
	{"events/ticket/",        "Event Ticket",        "POST, OPTIONS",            .post = events_ticket_post},

	{"/api/schema/",          "Spectacular Api",     "GET, HEAD",                .get = schema_get},
	DOCS(""), DOCS("page.css"), DOCS("page.js"), DOCS("swagger-ui-bundle.js"), DOCS("swagger-ui.css"),
	{"/",                     "Web Client Root",     "GET, HEAD",                .get = web_root_get, .is_web = true},
	WEB(""), WEB("app.css"), WEB("app.js"), WEB("directmessages-events.js"),
	{"/app/settings.json",    "Web Client Settings", "GET, HEAD",                .get = web_settings_get, .is_web = true},
	{"/admin/schema/",        "Administration Api",  "GET, HEAD, OPTIONS",       .get = schema_get, .negotiates = true},
	{"/admin/users/",         "Admin User List",     "GET, HEAD, OPTIONS",       .get = admin_users_get},
	{"/admin/users/<user>/",  "Admin User",          "GET, PUT, DELETE, HEAD, OPTIONS", .get = admin_user_get,
	                          .put = admin_user_put, .delete_ = admin_user_delete},
	{"/admin/users/<user>/token/", "Admin User Token", "POST, DELETE, OPTIONS",   .post = admin_token_post,
	                          .delete_ = admin_token_delete, .headers = not_stored},
	{"/admin/users/<user>/erase/",  "Admin User Erase",  "POST, OPTIONS",            .post = admin_erase_post},
	{"/admin/users/<user>/export/", "Admin User Export", "GET, HEAD, OPTIONS",       .get = admin_export_get},
	{"/admin/messages/",      "Admin Message List",  "GET, POST, HEAD, OPTIONS", .get = admin_messages_get,
	                          .post = admin_messages_post},
	{"/admin/messages/<id>/", "Admin Message",       "DELETE, OPTIONS",          .delete_ = admin_message_delete},
	{"/admin/webhooks/",      "Admin Webhook List",  "GET, POST, HEAD, OPTIONS", .get = admin_webhooks_get,
	                          .post = admin_webhooks_post, .headers = not_stored},
	{"/admin/webhooks/<id>/", "Admin Webhook",       "GET, PATCH, DELETE, HEAD, OPTIONS", .get = admin_webhook_get,
	                          .patch = admin_webhook_patch, .delete_ = admin_webhook_delete, .headers = not_stored},
	{"/admin/webhooks/<id>/deliveries/", "Admin Delivery List", "GET, HEAD, OPTIONS", .get = admin_deliveries_get},
	{"/admin/webhooks/<id>/redeliver/",  "Admin Redelivery",    "POST, OPTIONS",      .post = admin_redeliver_post},

	{"/livez",                "Alive",               "GET, HEAD",                .get = static_get, .is_admin = true,
	                          .content_type = TEXT, .headers = not_stored, .body = &livez_body},
	{"/readyz",               "Ready",               "GET, HEAD",                .get = readyz_get, .is_admin = true,
	                          .content_type = TEXT, .headers = not_stored},
	{"/metrics",              "Metrics",             "GET, HEAD",                .get = metrics_get, .is_admin = true,
	                          .content_type = EXPOSITION_TYPE, .headers = not_stored},
};
/* clang-format on */

/* Paths are compared as they were sent, each byte decoded on the way: in a name, a slash that was escaped is no end. */

/* Cuts digits off the front of *path; false if there are none. */
static bool cut_id(struct span *path, int64_t *id)
{
	struct span rest = *path;
	bool found = false, fits = true;

	*id = 0;
	while (rest.length > 0) {
		char c = percent_cut(&rest);

		if (c < '0' || c > '9')
			break;
		fits = fits && !__builtin_mul_overflow(*id, 10, id) && !__builtin_add_overflow(*id, c - '0', id);
		found = true;
		*path = rest;
	}
	if (!fits)
		*id = NO_ID;
	return found;
}

/* Cuts @ and a name, which ends at a slash, off the front of *path; false if there is none. */
static bool cut_name(struct span *path, struct span *name)
{
	struct span rest = *path;
	const char *end;

	if (rest.length == 0 || percent_cut(&rest) != '@')
		return false;
	end = rest.length > 0 ? memchr(rest.data, '/', rest.length) : NULL;
	*name = (struct span){rest.data, end ? (size_t)(end - rest.data) : rest.length};
	*path = (struct span){rest.data + name->length, rest.length - name->length};
	return name->length > 0;
}

/* Cuts what the pattern's <id> or <user> stands for off the front of *path. */
static bool cut_target(struct span *path, const char *pattern, struct path_target *target)
{
	*target = (struct path_target){.id = NO_ID};
	if (strncmp(pattern, "<user>", strlen("<user>")) == 0 && cut_name(path, &target->name))
		return true;
	return cut_id(path, &target->id);
}

static bool matches(struct span path, const char *pattern, struct path_target *target)
{
	for (; *pattern; pattern++) {
		if (*pattern == '<') {
			if (!cut_target(&path, pattern, target))
				return false;
			pattern = strchr(pattern, '>');
		} else if (path.length == 0 || percent_cut(&path) != *pattern) {
			return false;
		}
	}
	return path.length == 0;
}

/* The part of the path below the prefix; data is NULL if it is not below it. */
static struct span below_prefix(struct span path, struct span prefix)
{
	static const struct span nothing = {NULL, 0};

	for (size_t i = 0; i < prefix.length; i++)
		if (path.length == 0 || percent_cut(&path) != prefix.data[i])
			return nothing;
	return path;
}

/* The path that is looked for, at one address. */
struct wanted {
	const struct exchange *exchange;
	struct span path;
	struct span below; /* the prefix; see below_prefix */
};

static bool is_shown(const struct exchange *exchange, const struct route *route)
{
	const struct api *api = exchange->api;

	if (route_area(route) == AREA_ADMIN)
		return api->may_administrate && exchange->policy->admin_key;
	if (route->is_web && !api->has_web)
		return false;
	return route->is_admin ? api->shows_admin : api->shows_public;
}

static bool matches_row(const struct wanted *wanted, const struct route *route, const char *pattern,
			struct path_target *target)
{
	if (!is_shown(wanted->exchange, route))
		return false;
	return matches(route_area(route) == AREA_API ? wanted->below : wanted->path, pattern, target);
}

static const struct route *find_exactly(const struct wanted *wanted, struct path_target *target)
{
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++)
		if (matches_row(wanted, &routes[i], routes[i].path, target))
			return &routes[i];
	return NULL;
}

/* Whether the path with a slash added would match: it is compared with the patterns without their last slash. */
static bool lacks_slash(const struct wanted *wanted)
{
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
		size_t length = strlen(routes[i].path);
		char pattern[64];
		struct path_target target;

		if (routes[i].path[length - 1] != '/')
			continue;
		snprintf(pattern, sizeof(pattern), "%.*s", (int)length - 1, routes[i].path);
		if (matches_row(wanted, &routes[i], pattern, &target))
			return true;
	}
	return false;
}

enum route_match route_find(struct span path, const struct exchange *exchange, const struct route **route,
			    struct path_target *target)
{
	struct wanted wanted = {.exchange = exchange, .path = path, .below = below_prefix(path, exchange->api->prefix)};

	*route = find_exactly(&wanted, target);
	if (*route)
		return ROUTE_FOUND;
	return lacks_slash(&wanted) ? ROUTE_LACKS_SLASH : ROUTE_NONE;
}

exchange_step *route_step(const struct route *route, struct span method)
{
	if (span_equal(method, SPAN("GET")) || span_equal(method, SPAN("HEAD")))
		return route->get;
	if (span_equal(method, SPAN("POST")))
		return route->post;
	if (span_equal(method, SPAN("PUT")))
		return route->put;
	if (span_equal(method, SPAN("PATCH")))
		return route->patch;
	if (span_equal(method, SPAN("DELETE")))
		return route->delete_;
	return NULL;
}

size_t routes_count(void)
{
	return ARRAY_LENGTH(routes) + 1;
}

size_t route_number(const struct route *route)
{
	return route ? (size_t)(route - routes) : ARRAY_LENGTH(routes);
}

const char *route_pattern(size_t number)
{
	return number < ARRAY_LENGTH(routes) ? routes[number].path : "none";
}

/* As wide as the longest row. */
#define ROUTE_LINE "%-32s %-40s %s\n"

void routes_print(FILE *out, const char *prefix)
{
	fprintf(out, ROUTE_LINE, "METHODS", "PATH", "NAME");
	for (size_t i = 0; i < ARRAY_LENGTH(routes); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s%s", route_area(&routes[i]) == AREA_API ? prefix : "", routes[i].path);
		fprintf(out, ROUTE_LINE, routes[i].allow, path, routes[i].name);
	}
}

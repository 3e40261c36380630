/* SPDX-License-Identifier: MIT */
/* links.c - the absolute URL under which a client sees a request's path. */
#include "links.h"

#include "form.h"

/* Each proxy may append its value after a comma; the first is what the client used. */
static struct span forwarded(const struct exchange *exchange, const char *name)
{
	struct span value = request_header(exchange->request, name);

	return exchange->api->trust_forwarded ? span_trim(span_cut(&value, ',')) : (struct span){NULL, 0};
}

static struct span host_of(const struct exchange *exchange)
{
	struct span host = forwarded(exchange, "X-Forwarded-Host");

	if (host.length == 0)
		host = exchange->request->authority;
	if (!host.data)
		host = request_header(exchange->request, "Host");
	return host.length > 0 ? host : span_from(exchange->api->own_host);
}

static bool is_host_character(char c, bool in_brackets)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~' || (in_brackets && c == ':');
}

bool links_host_is_valid(const struct exchange *exchange)
{
	struct span host = host_of(exchange);
	bool brackets = host.length > 0 && *host.data == '[';
	size_t i = brackets ? 1 : 0;

	while (i < host.length && is_host_character(host.data[i], brackets))
		i++;
	if (brackets && (i == host.length || host.data[i++] != ']'))
		return false;
	if (i < host.length && host.data[i++] != ':')
		return false;
	while (i < host.length && host.data[i] >= '0' && host.data[i] <= '9')
		i++;
	return i == host.length;
}

static bool is_secure(const struct exchange *exchange)
{
	struct span scheme = forwarded(exchange, "X-Forwarded-Proto");

	return scheme.data ? span_equal_nocase(scheme, SPAN("https")) : exchange->request->is_https;
}

static struct span scheme_of(const struct exchange *exchange)
{
	return is_secure(exchange) ? SPAN("https://") : SPAN("http://");
}

static bool cut_start(struct span *text, struct span start)
{
	if (text->length < start.length || !span_equal_nocase((struct span){text->data, start.length}, start))
		return false;
	text->data += start.length;
	text->length -= start.length;
	return true;
}

/* Browsers leave the default port out of an origin; a proxy may have added it to the host. */
bool links_origin_is_own(const struct exchange *exchange, struct span origin)
{
	struct span host = host_of(exchange);

	return cut_start(&origin, scheme_of(exchange)) && cut_start(&host, origin) &&
	       (host.length == 0 || span_equal(host, is_secure(exchange) ? SPAN(":443") : SPAN(":80")));
}

struct span links_own_url(struct exchange *exchange)
{
	struct buffer url;
	struct span copy;

	buffer_init(&url, SIZE_MAX);
	buffer_append_span(&url, scheme_of(exchange));
	buffer_append_span(&url, host_of(exchange));
	if (exchange->target_name.data)
		uri_append(&url, exchange->request->path);
	else /* it has matched a route, so it needs no encoding */
		buffer_append_span(&url, exchange->path);
	exchange->request->arena.failed |= url.failed;
	copy = arena_copy(&exchange->request->arena, buffer_span(&url));
	buffer_release(&url);
	return copy;
}

/* SPDX-License-Identifier: MIT */
/* origins.c - reads a list of origins, and looks one up.
 *
 * Browsers write an origin in one way only (RFC 6454, 6.2), and it is compared byte for byte. So another spelling would
 * never match, and is refused. */
#include "origins.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* The longest prefix of characters from `allowed`, cut off *rest. */
static struct span cut_characters(struct span *rest, const char *allowed)
{
	struct span part = {rest->data, 0};

	while (part.length < rest->length && part.data[part.length] && strchr(allowed, part.data[part.length]))
		part.length++;
	rest->data += part.length;
	rest->length -= part.length;
	return part;
}

static bool cut_text(struct span *rest, struct span text)
{
	if (rest->length < text.length || memcmp(rest->data, text.data, text.length) != 0)
		return false;
	rest->data += text.length;
	rest->length -= text.length;
	return true;
}

/* "::1]" of "[::1]:8000" */
static bool cut_ipv6(struct span *rest)
{
	struct span address = cut_characters(rest, DIGITS "abcdef:");
	char text[INET6_ADDRSTRLEN];
	struct in6_addr parsed;

	if (address.length >= sizeof(text) || !cut_text(rest, SPAN("]")))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)address.length, address.data);
	return inet_pton(AF_INET6, text, &parsed) == 1;
}

static const char *wrong_port(struct span scheme, struct span port)
{
	int64_t number;

	if (!span_to_int64(port, &number) || number < 1 || number > 65535 || *port.data == '0')
		return "has a port that is not a number from 1 to 65535";
	if ((number == 80 && span_equal(scheme, SPAN("http"))) || (number == 443 && span_equal(scheme, SPAN("https"))))
		return "has the default port of its scheme, which browsers leave out";
	return NULL;
}

static bool has_upper_case(struct span text)
{
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] >= 'A' && text.data[i] <= 'Z')
			return true;
	return false;
}

/* What is wrong with the form of an entry; NULL: nothing. */
static const char *wrong_form(struct span rest)
{
	struct span scheme;

	if (span_equal(rest, SPAN("null")))
		return "stands for pages without an origin and is never allowed";
	if (has_upper_case(rest))
		return "has an upper-case letter, and browsers write lower case";
	scheme = cut_characters(&rest, LOWER DIGITS "+-.");
	if (scheme.length == 0 || !cut_text(&rest, SPAN("://")))
		return "does not begin with a scheme, such as https://";
	if (cut_text(&rest, SPAN("["))) {
		if (!cut_ipv6(&rest))
			return "has a host that is not an IPv6 address";
	} else if (cut_characters(&rest, LOWER DIGITS "-._").length == 0) {
		return "has no valid host";
	}
	if (rest.length > 0 && strchr("/?#", *rest.data))
		return "has a path, even if it is only a slash";
	if (cut_text(&rest, SPAN(":")))
		return wrong_port(scheme, rest);
	return rest.length > 0 ? "has a character that no host has" : NULL;
}

static const char *wrong_entry(struct span entry, bool is_alone)
{
	if (entry.length == 0)
		return "is empty";
	if (span_equal(entry, SPAN("*")))
		return is_alone ? NULL : "must stand alone";
	return wrong_form(entry);
}

static size_t count_entries(const char *text)
{
	size_t count = 1;

	for (; *text; text++)
		count += *text == ',';
	return count;
}

const char *origins_parse(struct origins *origins, const char *text, struct span *wrong)
{
	struct span rest;
	size_t count = text ? count_entries(text) : 0;

	*origins = (struct origins){0};
	*wrong = (struct span){NULL, 0};
	if (count == 0)
		return NULL;
	origins->text = strdup(text);
	origins->entries = calloc(count, sizeof(*origins->entries));
	if (!origins->text || !origins->entries)
		return "finds no memory";
	rest = span_from(origins->text);
	while (origins->count < count) {
		struct span entry = span_trim(span_cut(&rest, ','));
		size_t start = (size_t)(entry.data - origins->text);
		const char *problem = wrong_entry(entry, count == 1);

		if (problem) {
			*wrong = (struct span){text + start, entry.length};
			return problem;
		}
		origins->text[start + entry.length] = '\0';
		origins->entries[origins->count++] = entry;
	}
	origins->is_any = span_equal(origins->entries[0], SPAN("*"));
	return NULL;
}

void origins_release(struct origins *origins)
{
	free(origins->entries);
	free(origins->text);
	*origins = (struct origins){0};
}

const char *origins_match(const struct origins *origins, struct span origin)
{
	if (origin.length == 0 || span_equal(origin, SPAN("null")))
		return NULL;
	if (origins->is_any)
		return "*";
	for (size_t i = 0; i < origins->count; i++)
		if (span_equal(origins->entries[i], origin))
			return origins->entries[i].data;
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/* user_header.c - a header in which a proxy says who calls. */
#include "user_header.h"

#include "utf8.h"

#include <string.h>

#define MAX_NAME 64
#define DETAIL(text) "{\"detail\":\"" text "\"}"

/* Headers that mean something else, to us, to HTTP or to proxies: clients set them, and a proxy passes them on. A name
 * that ends with '-' stands for all that begin with it. */
/* clang-format off */
static const char *const other_headers[] = {
	"Accept", "Accept-", "Access-Control-", "Authorization", "Cache-Control", "Connection", "Content-", "Cookie",
	"Date", "Expect", "Forwarded", "Host", "Idempotency-Key", "If-", "Keep-Alive", "Last-Event-ID", "Origin",
	"Pragma", "Proxy-", "Range", "Referer", "Sec-", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
	"Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Real-IP",
	"X-Request-ID", "traceparent", "tracestate",
};
/* clang-format on */

static bool is_other(struct span name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(other_headers); i++) {
		struct span other = span_from(other_headers[i]), start = name;

		if (other.data[other.length - 1] == '-' && start.length > other.length)
			start.length = other.length;
		if (span_equal_nocase(start, other))
			return true;
	}
	return false;
}

const char *user_header_wrong_name(struct span name)
{
	if (!span_is_token(name) || name.length > MAX_NAME)
		return "is not the name of a header";
	return is_other(name) ? "has another meaning" : NULL;
}

void user_header_credential(int64_t user_id, struct credential *credential)
{
	*credential = (struct credential){.kind = CREDENTIAL_USER_ID,
					  .user_id = user_id,
					  .unknown_user = DETAIL("User not found."),
					  .inactive_user = DETAIL("User inactive or deleted.")};
}

/* A value that can name nobody is the user -1. */
enum scheme_result user_header_read(struct span value, unsigned times, bool names_username,
				    struct credential *credential, const char **refusal)
{
	int64_t user_id = -1;

	if (times > 1) { /* one may be the client's own */
		*refusal = DETAIL("The header that names the user was sent twice.");
		return SCHEME_MALFORMED;
	}
	value = span_trim(value);
	if (value.length == 0)
		return SCHEME_ABSENT;
	if (!names_username && !span_to_int64(value, &user_id))
		user_id = -1;
	user_header_credential(user_id, credential);
	if (names_username && utf8_valid(value.data, value.length)) {
		credential->kind = CREDENTIAL_USERNAME;
		credential->text = value;
	}
	credential->is_ambient = true;
	return SCHEME_READ;
}

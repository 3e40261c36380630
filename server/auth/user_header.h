/* SPDX-License-Identifier: MIT */
/* user_header.h - a header in which a proxy says who calls. Whoever can set it can be anybody. */
#ifndef USER_HEADER_H
#define USER_HEADER_H

#include "attributes.h"
#include "credential.h"

/* What is wrong with the header's name; NULL: nothing. Completes "NAME is 'x', which ...". */
MUST_CHECK const char *user_header_wrong_name(struct span name);

/* Reads the header's value, which was sent `times` times: an id, or a username. An empty one says that the proxy has
 * authenticated nobody. */
MUST_CHECK enum scheme_result user_header_read(struct span value, unsigned times, bool names_username,
					       struct credential *credential, const char **refusal);

/* Makes the credential of a user whom the proxy has named earlier. */
void user_header_credential(int64_t user_id, struct credential *credential);

#endif

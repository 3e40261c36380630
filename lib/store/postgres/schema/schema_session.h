/* SPDX-License-Identifier: MIT */
/* schema_session.h - a session that is asked about the schema; it is not in pipeline mode. */
#ifndef SCHEMA_SESSION_H
#define SCHEMA_SESSION_H

#include "session.h"

struct schema_session {
	struct pg_session *session;
	int64_t deadline; /* of each statement */
};

#endif

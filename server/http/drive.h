/* SPDX-License-Identifier: MIT */
/* drive.h - drives each request through its steps: libmicrohttpd's callbacks. `server` is the struct http_server, and
 * *request the struct request, or NULL. */
#ifndef DRIVE_H
#define DRIVE_H

#include <microhttpd.h>

/* MHD_AccessHandlerCallback. */
enum MHD_Result drive_on_request(void *server, struct MHD_Connection *connection, const char *url, const char *method,
				 const char *version, const char *data, size_t *size, void **request);

/* MHD_OPTION_NOTIFY_COMPLETED: writes the access line and frees the request. */
void drive_on_completed(void *server, struct MHD_Connection *connection, void **request,
			enum MHD_RequestTerminationCode how);

#endif

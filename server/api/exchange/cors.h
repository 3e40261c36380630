/* SPDX-License-Identifier: MIT */
/* cors.h - lets web pages of other origins call the API from a browser (CORS). */
#ifndef CORS_H
#define CORS_H

#include "exchange.h"

/* Whether a browser asks what a page may do. False if no origin is configured: then it is an OPTIONS like any other. */
bool cors_is_preflight(const struct exchange *exchange);

/* Adds to the request's response what tells the browser whether the page may read it; nothing if no origin is
 * configured. The request may have no exchange yet. Allocates nothing. */
void cors_add_headers(struct request *request);

#endif

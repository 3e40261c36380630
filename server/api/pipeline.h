/* SPDX-License-Identifier: MIT */
/* pipeline.h - the way of every request to the API, from its headers to its resource. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "request.h"

/* http_options.first; request->context is the struct api. */
http_step pipeline_begin;

/* http_options.completed: counts the request. */
void pipeline_completed(struct request *request, int64_t microseconds);

#endif

/* SPDX-License-Identifier: MIT */
/* pipeline.h - the way of every request to the API, from its headers to its resource. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "exchange.h"

/* The first step; request->context is the struct api. */
http_step pipeline_begin;

/* After the last: counts the request. */
void pipeline_completed(struct request *request, int64_t microseconds);

#endif

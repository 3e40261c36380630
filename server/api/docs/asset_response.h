/* SPDX-License-Identifier: MIT */
/* asset_response.h - responds with a file that is part of the program. */
#ifndef ASSET_RESPONSE_H
#define ASSET_RESPONSE_H

#include "asset.h"
#include "exchange.h"

/* 200 with the file, compressed if the client takes that; 304 if the client has this version. */
enum http_outcome respond_asset(struct exchange *exchange, const struct asset *asset);

#endif

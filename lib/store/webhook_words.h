/* SPDX-License-Identifier: MIT */
/* webhook_words.h - what both stores say of endpoints and their deliveries. */
#ifndef WEBHOOK_WORDS_H
#define WEBHOOK_WORDS_H

#define NO_SUCH_WEBHOOK "there is no such webhook"
#define NO_SUCH_DELIVERY "there is no such delivery"
#define DELIVERY_IS_PENDING "this delivery is not finished yet"
#define ENDPOINT_IS_DISABLED "its endpoint is disabled; enable that first"

/* Why an endpoint is disabled (disabled_why). */
#define DISABLED_BY_OPERATOR "disabled by an operator"

#endif

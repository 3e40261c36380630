/* SPDX-License-Identifier: MIT */
/* result.h - reports the results of attempts to the store. */
#ifndef RESULT_H
#define RESULT_H

#include "worker.h"

/* Reports the outcome of an attempt, and the rest that delivery->operation holds. The delivery is freed once that is
 * stored.
 */
void result_report(struct delivery *delivery, enum dm_delivery_outcome outcome);

/* Reports the results that the store has refused. When stopping, drops them: their claims will run out. */
void results_report_again(struct webhooks *webhooks);

#endif

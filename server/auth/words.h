/* SPDX-License-Identifier: MIT */
/* words.h - the words of an Authorization header. */
#ifndef WORDS_H
#define WORDS_H

#include "span.h"

/* Cuts the next word off *rest, as Python's bytes.split() does; empty at the end. */
struct span next_word(struct span *rest);

#endif

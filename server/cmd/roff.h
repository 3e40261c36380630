/* SPDX-License-Identifier: MIT */
/* roff.h - text of the tables and of prose.h for manual pages, in the macros of man(7). */
#ifndef ROFF_H
#define ROFF_H

/* Prints what a page begins with: `name` in capitals, its section, and by which form of `help` it was made. */
void roff_title(const char *name, int section, const char *form);

/* Prints text in a line of its own. `code` between backquotes becomes bold, of [a link](URL) its text stays;
 * `paragraph` is the macro between two paragraphs. */
void roff_text(const char *text, const char *paragraph);

/* An entry of a list: the head as code, the text beside it. */
void roff_entry(const char *head, const char *text);

#endif

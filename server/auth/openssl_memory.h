/* SPDX-License-Identifier: MIT */
/* openssl_memory.h - memory for OpenSSL, with a reserve for when the system has none. */
#ifndef OPENSSL_MEMORY_H
#define OPENSSL_MEMORY_H

/* Makes all of OpenSSL's allocations in this process fall back to the reserve. Call it before anything else uses
 * OpenSSL, while there is one thread; later it has no effect. */
void openssl_memory_begin(void);

/* How many allocations of OpenSSL have failed on this thread although there is the reserve. Where the number grows, a
 * failure of OpenSSL may be due to that: its own errors don't tell it from a signature that is wrong. */
unsigned long openssl_memory_failures(void);

#endif

/* SPDX-License-Identifier: MIT */
/* bus_error.h - what becomes of a server whose mapped database file can't be read. */
#ifndef BUS_ERROR_H
#define BUS_ERROR_H

/* From now on a mapped page that can't be read (SIGBUS) ends the process with EXIT_FAILED and a line that names the
 * file. Call before there are threads. */
void bus_error_install(void);

#endif

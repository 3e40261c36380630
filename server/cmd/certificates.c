/* SPDX-License-Identifier: MIT */
/* certificates.c - whether a file holds certificates. */
#include "certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool holds_certificates(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && !found && getline(&line, &size, file) >= 0)
		found = strncmp(line, "-----BEGIN ", 11) == 0 && strstr(line, "CERTIFICATE-----");
	free(line);
	if (file)
		fclose(file);
	return found;
}

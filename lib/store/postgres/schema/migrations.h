/* SPDX-License-Identifier: MIT */
/* migrations.h - the steps of the schema. */
#ifndef MIGRATIONS_H
#define MIGRATIONS_H

#include "migration_runner.h"

extern const struct migration pg_migrations[];
extern const size_t pg_migrations_count;

/* django_tables.c: the SQL that makes Django's own tables. */
extern const char pg_django_tables[];

#endif

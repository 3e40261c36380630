/* SPDX-License-Identifier: MIT */
/* subcommands.h - the functions of the subcommands: each does its work and returns the exit status. */
#ifndef SUBCOMMANDS_H
#define SUBCOMMANDS_H

#include "arguments.h"

int serve_run(const struct arguments *arguments);
int health_run(const struct arguments *arguments);
int migrate_run(const struct arguments *arguments);
int backup_run(const struct arguments *arguments);
int restore_run(const struct arguments *arguments);
int user_create_run(const struct arguments *arguments);
int user_list_run(const struct arguments *arguments);
int user_show_run(const struct arguments *arguments);
int user_update_run(const struct arguments *arguments);
int user_delete_run(const struct arguments *arguments);
int user_activate_run(const struct arguments *arguments);
int user_deactivate_run(const struct arguments *arguments);
int token_create_run(const struct arguments *arguments);
int token_revoke_run(const struct arguments *arguments);
int user_erase_run(const struct arguments *arguments);
int user_export_run(const struct arguments *arguments);
int block_create_run(const struct arguments *arguments);
int block_delete_run(const struct arguments *arguments);
int block_list_run(const struct arguments *arguments);
int message_send_run(const struct arguments *arguments);
int message_find_run(const struct arguments *arguments);
int message_delete_run(const struct arguments *arguments);
int message_purge_run(const struct arguments *arguments);
int message_list_run(const struct arguments *arguments);
int webhook_create_run(const struct arguments *arguments);
int webhook_list_run(const struct arguments *arguments);
int webhook_delete_run(const struct arguments *arguments);
int webhook_update_run(const struct arguments *arguments);
int webhook_enable_run(const struct arguments *arguments);
int webhook_disable_run(const struct arguments *arguments);
int webhook_rotate_run(const struct arguments *arguments);
int webhook_test_run(const struct arguments *arguments);
int webhook_deliveries_run(const struct arguments *arguments);
int webhook_requeue_run(const struct arguments *arguments);
int webhook_redeliver_run(const struct arguments *arguments);
int routes_run(const struct arguments *arguments);

#endif

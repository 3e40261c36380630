/* SPDX-License-Identifier: MIT */
/* test_listen.c - addresses become listening sockets. */
#include "listen.h"

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void open_listener(const char *address, struct http_listener *listener)
{
	char error[256] = "";

	if (!http_listener_open(address, listener, error))
		fail_msg("%s", error);
}

static void refuse(const char *address)
{
	struct http_listener listener;
	char error[256] = "";

	if (http_listener_open(address, &listener, error))
		fail_msg("listens on %s", address);
	assert_true(strncmp(error, "can't listen on ", 16) == 0);
	assert_non_null(strchr(error, ':'));
}

static void the_system_chooses_a_port(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int client = socket(AF_INET, SOCK_STREAM, 0);
	struct http_listener listener;
	unsigned port = 0;

	(void)state;
	open_listener("127.0.0.1:0", &listener);
	assert_int_equal(sscanf(listener.name, "127.0.0.1:%u", &port), 1);
	assert_in_range(port, 1, 65535);
	assert_null(listener.unix_path);
	address.sin_port = htons((uint16_t)port);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	refuse(listener.name); /* taken */
	close(client);
	http_listener_release(&listener);
	close(listener.socket);
}

static void which_addresses_only_this_machine_reaches(void **state)
{
	static const char *const local[] = {"unix:/run/x", "unix:x",         "127.0.0.1:8000", "127.255.0.9:0",
					    "[::1]:8000",  "localhost:8000", "LocalHost:1"};
	static const char *const others[] = {":8000",
					     "0.0.0.0:8000",
					     "[::]:8000",
					     "10.0.0.1:1",
					     "128.0.0.1:1",
					     "[::2]:1",
					     "[::ffff:10.0.0.1]:1",
					     "127.1:1",
					     "0:1",
					     "example.org:1",
					     "localhost.example.org:1",
					     "127.0.0.1.example.org:1",
					     "127.0.0.1",
					     ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(local); i++)
		assert_true(http_listener_address_is_local(local[i]));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_false(http_listener_address_is_local(others[i]));
}

static void what_is_no_address_is_refused(void **state)
{
	char long_text[400];

	(void)state;
	refuse("");
	refuse("127.0.0.1");
	refuse("127.0.0.1:");
	refuse("127.0.0.1:http");
	refuse("[::1:80");
	refuse("[::1]x:80");
	refuse("unix:");
	refuse("unix:/no/such/folder/at/all");
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	refuse(long_text);
	memcpy(long_text, "unix:", 5);
	refuse(long_text);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	int result;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	result = connect(client, (struct sockaddr *)&name, sizeof(name));
	close(client);
	return result;
}

static void a_dead_socket_file_is_replaced_and_a_live_one_is_not(void **state)
{
	char folder[] = "/tmp/directmessages-unit-XXXXXX", path[64], address[80];
	struct http_listener first, second;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	snprintf(address, sizeof(address), "unix:%s", path);
	open_listener(address, &first);
	assert_string_equal(first.name, address);
	assert_int_equal(connect_unix(path), 0);
	refuse(address);
	assert_int_equal(connect_unix(path), 0);
	close(first.socket); /* as if killed: the file stays */
	free(first.unix_path);
	assert_int_equal(access(path, F_OK), 0);
	open_listener(address, &second);
	assert_int_equal(connect_unix(path), 0);
	http_listener_release(&second);
	close(second.socket);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rmdir(folder), 0);
}

static void other_files_are_left_alone(void **state)
{
	char path[] = "/tmp/directmessages-unit-XXXXXX", address[80];
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	close(fd);
	snprintf(address, sizeof(address), "unix:%s", path);
	refuse(address);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_system_chooses_a_port),
		cmocka_unit_test(which_addresses_only_this_machine_reaches),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_dead_socket_file_is_replaced_and_a_live_one_is_not),
		cmocka_unit_test(other_files_are_left_alone),
	};

	return RUN_TESTS("listen", tests);
}

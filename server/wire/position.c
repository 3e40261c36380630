/* SPDX-License-Identifier: MIT */
/* position.c - a place in the event log as clients have it: base64url of 48 bytes, the position's numbers and a salt by
 * AES-SIV (RFC 5297) with the log's key. Nettle allocates nothing for it. */
#include "position.h"

#include <nettle/base64.h>
#include <string.h>

#define NUMBER_BYTES 8
#define PLAIN_BYTES (4 * NUMBER_BYTES)
#define SEALED_BYTES (PLAIN_BYTES + SIV_DIGEST_SIZE)

_Static_assert(DM_POSITION_KEY_BYTES == SIV_CMAC_AES128_KEY_SIZE, "the log's secret is the cipher's key");
_Static_assert(BASE64_ENCODE_RAW_LENGTH(SEALED_BYTES) == POSITION_LENGTH, "no padding is needed");

/* What SIV calls a nonce; it need not be unique. Another form of positions would have another. */
static const uint8_t form[] = {1};

static void put(uint8_t *out, uint64_t number)
{
	for (int i = NUMBER_BYTES - 1; i >= 0; i--, number >>= 8)
		out[i] = (uint8_t)number;
}

static int64_t get(const uint8_t *in)
{
	uint64_t number = 0;

	for (int i = 0; i < NUMBER_BYTES; i++)
		number = number << 8 | in[i];
	return (int64_t)number;
}

void position_key_set(struct position_key *key, const unsigned char secret[DM_POSITION_KEY_BYTES])
{
	siv_cmac_aes128_set_key(&key->cipher, secret);
}

void position_seal(const struct position_key *key, const struct dm_event_position *position, uint64_t salt,
		   char text[POSITION_LENGTH])
{
	uint8_t plain[PLAIN_BYTES], sealed[SEALED_BYTES];
	struct base64_encode_ctx base64;

	put(plain, (uint64_t)position->transaction);
	put(plain + NUMBER_BYTES, (uint64_t)position->id);
	put(plain + 2 * NUMBER_BYTES, (uint64_t)position->mark);
	put(plain + 3 * NUMBER_BYTES, salt);
	siv_cmac_aes128_encrypt_message(&key->cipher, sizeof(form), form, 0, NULL, SEALED_BYTES, sealed, plain);
	base64url_encode_init(&base64);
	(void)base64_encode_update(&base64, text, SEALED_BYTES, sealed);
}

static bool unseal(const struct position_key *key, struct span text, struct dm_event_position *position)
{
	uint8_t plain[PLAIN_BYTES], sealed[BASE64_DECODE_LENGTH(POSITION_LENGTH)];
	struct base64_decode_ctx base64;
	size_t length = sizeof(sealed);

	base64url_decode_init(&base64);
	/* Nettle skips spaces: then there are fewer bytes. */
	if (base64_decode_update(&base64, &length, sealed, text.length, text.data) != 1 || length != SEALED_BYTES ||
	    siv_cmac_aes128_decrypt_message(&key->cipher, sizeof(form), form, 0, NULL, PLAIN_BYTES, plain, sealed) != 1)
		return false;
	position->transaction = get(plain);
	position->id = get(plain + NUMBER_BYTES);
	position->mark = get(plain + 2 * NUMBER_BYTES);
	return true;
}

/* The numbers themselves. 64 characters are more than three numbers have. */
static bool parse_numbers(struct span text, struct dm_event_position *position)
{
	struct span first = span_cut(&text, '-'), second = span_cut(&text, '-');

	position->transaction = 0;
	if (!text.data)
		return span_to_int64(first, &position->id) && span_to_int64(second, &position->mark);
	return span_to_int64(first, &position->transaction) && span_to_int64(second, &position->id) &&
	       span_to_int64(text, &position->mark);
}

bool position_parse(const struct position_key *key, struct span text, struct dm_event_position *position)
{
	return text.length == POSITION_LENGTH ? unseal(key, text, position) : parse_numbers(text, position);
}

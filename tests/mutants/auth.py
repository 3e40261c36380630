# SPDX-License-Identifier: MIT
"""Mistakes in authentication schemes: JWTs, their keys, what a ticket and a stream of one are good for."""

from mutants.mutant import Mutant

AUTH = "server/auth/"

MUTANTS = [
    Mutant(
        "the header alone chooses the algorithm, whatever the key",
        AUTH + "jws.c",
        "return key->type == header->algorithm->type && ",
        "return ",
        "test_jwt.py::test_bad_tokens",
    ),
    Mutant(
        "a JWT may name any key by its kid",
        AUTH + "jws.c",
        "(!key->kid || !header->kid || strcmp(key->kid, header->kid) == 0)",
        "(key->kid || !key->kid)",
        "test_jwt.py::test_bad_tokens",
    ),
    Mutant(
        "what the header asks for is passed over",
        AUTH + "jws.c",
        "\t\tif (json_object_get(root, refused_members[i]))\n\t\t\treturn false;\n",
        "\t\tif (json_object_get(root, refused_members[i]) && !root)\n\t\t\treturn false;\n",
        "test_jwt.py::test_bad_tokens",
    ),
    Mutant(
        "only the beginning of an HMAC is compared",
        AUTH + "jws.c",
        "return length == signature.length && CRYPTO_memcmp(",
        "return CRYPTO_memcmp(",
        "test_jwt.py::test_bad_tokens",
    ),
    Mutant(
        "members of the claims may stand twice",
        AUTH + "jwt.c",
        "MAX_VALUES, JSON_REJECT_DUPLICATES, arena",
        "MAX_VALUES, 0, arena",
        "test_jwt.py::test_bad_tokens",
    ),
    Mutant(
        "a JWT is good a microsecond too long",
        AUTH + "jwt.c",
        "claims->expires_at + JWT_LEEWAY_US <= now",
        "claims->expires_at + JWT_LEEWAY_US < now",
        "test_jwt::a_token_expires_to_the_microsecond",
    ),
    Mutant(
        "nbf and iat are not heard",
        AUTH + "jwt.c",
        "time <= now + JWT_LEEWAY_US)",
        "time <= now + JWT_LEEWAY_US + JWT_MAX_EXPIRY)",
        "test_jwt.py::test_bad_tokens",
    ),
    Mutant(
        "a refresh token is as good as an access token",
        AUTH + "jwt.c",
        'if (type && !is_text(type, "access"))',
        'if (type && !json_is_string(type))',
        "test_jwt.py::test_bad_tokens",
    ),
    Mutant(
        "a JWT for another audience is accepted",
        AUTH + "jwt.c",
        "\tif (!wanted || is_text(audience, wanted))\n",
        "\tif (!wanted || json_is_string(audience))\n",
        "test_jwt_settings.py::test_issuer_and_audience",
    ),
    Mutant(
        "a remembered JWT does not expire",
        AUTH + "verified.c",
        "if (entry->expires_at + JWT_LEEWAY_US > now && ",
        "if (entry->expires_at + JWT_LEEWAY_US > 0 && ",
        "test_jwt::verified_tokens_are_remembered_until_they_expire",
    ),
    Mutant(
        "bits behind the last byte are ignored",
        AUTH + "base64url.c",
        "return (bits & ((1U << held) - 1)) == 0;",
        "return held < 8;",
        "test_jwt.py::test_bad_tokens",
    ),
    Mutant(
        "a key of an exponent that accepts anything is taken",
        AUTH + "jwt_keys.c",
        "bits <= MAX_RSA_BITS && is_sound(public);",
        "bits <= MAX_RSA_BITS;",
        "test_jwt_settings.py::test_key_files_that_are_refused",
    ),
    Mutant(
        "a public key is taken for a secret",
        "server/cmd/config_auth.c",
        'if (strstr(secret.data, "-----BEGIN "))',
        'if (strstr(secret.data, "-----BEGIN X"))',
        "test_jwt_settings.py::test_settings_that_are_refused",
    ),
    Mutant(
        "a claim that is no id is the user -1",
        "server/api/check_caller.c",
        "credential->user_id < 0)",
        "credential->user_id < -1)",
        "test_jwt.py::test_a_claim_that_is_no_id_is_not_the_user_minus_one",
    ),
    Mutant(
        "a file with a secret may be open to all",
        AUTH + "key_file.c",
        "if (has_secret && is_readable_by_all)",
        "if (has_secret && is_readable_by_all && !keys)",
        "test_jwt_settings.py::test_a_key_file_that_is_not_there_or_open_to_all",
    ),
    Mutant(
        "a ticket of a token is good where tokens are off",
        AUTH + "auth.c",
        "return auth->tokens;\n\t}\n",
        "return true;\n\t}\n",
        "test_jwt_settings.py::test_only_jwts",
    ),
    Mutant(
        "the stream of a JWT outlives it",
        "server/streams/feed.c",
        "if (stream->expires_at <= clock_monotonic())",
        "if (stream->expires_at < 0)",
        "test_jwt.py::test_a_stream_ends_when_the_jwt_expires",
    ),
    Mutant(
        "the stream of a JWT ends only at its next heartbeat",
        "server/streams/stream.c",
        "if (stream->expires_at != 0 && stream->expires_at < stream->heartbeat_at)",
        "if (stream->expires_at < 0)",
        "test_jwt.py::test_a_ticket_of_a_jwt",
    ),
    Mutant(
        "a user who is not active comes in by JWT (SQLite)",
        "lib/store/sqlite/nouns/user.c",
        "lend_one(session, statement, operation, arguments->on_user, true);",
        "lend_one(session, statement, operation, arguments->on_user, false);",
        "test_library_users::an_active_user_is_found_by_id_or_name",
    ),
    Mutant(
        "a user who is not active comes in by JWT (PostgreSQL)",
        "lib/store/postgres/nouns/user.c",
        "return lend_one(operation, operation->active_user.on_user, set, true);",
        "return lend_one(operation, operation->active_user.on_user, set, false);",
        "test_library_users::an_active_user_is_found_by_id_or_name[postgresql]",
    ),
]

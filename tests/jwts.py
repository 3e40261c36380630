# SPDX-License-Identifier: MIT
"""JWTs, good ones and bad ones, and the keys that sign them; by the standard library and the `openssl` program alone."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import time

from routes import compact

SECRET = "the signing key of these tests, 50 characters long"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact_json(value):
    """As JSON; a text is JSON already."""
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


class Secret:
    """A shared secret; `sign` is HMAC by the header's algorithm."""

    alg = "HS256"

    def __init__(self, secret=SECRET):
        self.secret = secret.encode() if isinstance(secret, str) else secret

    def sign(self, alg, data):
        digest = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(alg, hashlib.sha256)
        return hmac.new(self.secret, data, digest).digest()

    def jwk(self, **more):
        return {"kty": "oct", "k": b64(self.secret), **more}


class Pair:
    """A pair of keys in a folder of the test; `alg` is what it signs by unless told otherwise."""

    def __init__(self, folder, name, alg, *generate):
        self.alg = alg
        self.private = folder / f"{name}.key"
        openssl("genpkey", *generate, "-out", str(self.private))
        self.public_pem = openssl("pkey", "-in", str(self.private), "-pubout").decode()
        self.public_der = openssl("pkey", "-in", str(self.private), "-pubout", "-outform", "DER")

    @classmethod
    def rsa(cls, folder, name="rsa", bits=2048):
        return cls(folder, name, "RS256", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")

    @classmethod
    def ec(cls, folder, name="ec", curve="P-256"):
        return cls(folder, name, "ES256", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}")

    @classmethod
    def ed25519(cls, folder, name="ed25519"):
        return cls(folder, name, "EdDSA", "-algorithm", "ED25519")

    def sign(self, alg, data):
        if alg == "EdDSA":
            path = self.private.with_suffix(".data")
            path.write_bytes(data)
            return openssl("pkeyutl", "-sign", "-rawin", "-inkey", str(self.private), "-in", str(path))
        pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if alg[0] == "P" else []
        signature = openssl("dgst", f"-sha{alg[2:]}", "-sign", str(self.private), *pss, data=data)
        return pair_of_der(signature) if alg[0] == "E" else signature

    def jwk(self, **more):
        if self.alg == "EdDSA":
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(self.public_der[-32:]), **more}
        if self.alg == "ES256":
            return {"kty": "EC", "crv": "P-256", "x": b64(self.public_der[-64:-32]), "y": b64(self.public_der[-32:]), **more}
        text = openssl("rsa", "-pubin", "-inform", "DER", "-noout", "-modulus", data=self.public_der).decode()
        return {"kty": "RSA", "n": b64(bytes.fromhex(text.strip().partition("=")[2])), "e": "AQAB", **more}


def pair_of_der(der):
    """r and s of an ECDSA signature, 32 bytes each."""
    numbers, at = [], 2
    for _ in range(2):
        length = der[at + 1]
        numbers.append(der[at + 2 : at + 2 + length].lstrip(b"\0").rjust(32, b"\0"))
        at += 2 + length
    return b"".join(numbers)


def claims(user, **changes):
    """SimpleJWT's claims of an access token for the user; None leaves one out, functions get the time."""
    now = int(time.time())
    made = {"token_type": "access", "exp": now + 300, "iat": now, "jti": "0123456789abcdef", "user_id": str(user.id)}
    made |= {name: value(now) if callable(value) else value for name, value in changes.items()}
    return {name: value for name, value in made.items() if value is not None}


def encode(key, payload, header=None, signature=None, **members):
    """A JWT; `header` replaces the usual one, `members` go into it, `signature` replaces the true one."""
    header = {"alg": key.alg, "typ": "JWT"} | members if header is None else header
    alg = re.search(r'"alg": ?"(\w+)"', compact_json(header).decode())
    text = f"{b64(compact_json(header))}.{b64(compact_json(payload))}"
    signed = key.sign(alg.group(1) if alg else key.alg, text.encode()) if signature is None else signature
    return f"{text}.{b64(signed)}"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def not_valid(message):
    """SimpleJWT's body of a 401."""
    token = {"token_class": "AccessToken", "token_type": "access", "message": message}
    return {"detail": "Given token not valid for any token type", "code": "token_not_valid", "messages": [token]}


INVALID, EXPIRED, WRONG_TYPE = (not_valid(f"Token {what}") for what in ("is invalid", "is expired", "has wrong type"))
NO_EXPIRY = not_valid("Token has no 'exp' claim")
NO_USER = {"detail": "Token contained no recognizable user identification", "code": "token_not_valid"}
UNKNOWN = {"detail": "User not found", "code": "user_not_found"}
INACTIVE = {"detail": "User is inactive", "code": "user_inactive"}
WORDS = {"detail": "Authorization header must contain two space-delimited values", "code": "bad_authorization_header"}
NOT_PROVIDED = {"detail": "Authentication credentials were not provided."}

BOTH = 'Token, Bearer realm="api"'


def check_refused(answer, body, challenge=BOTH):
    assert (answer.status, answer.body) == (401, compact(body))
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers.get_all("WWW-Authenticate") == [challenge]


def check_accepted(server, user, token):
    answer = server.anonymous().get("unread/", bearer(token))
    assert (answer.status, answer.json()["id"] if answer.status == 200 else answer.body) == (200, user.id)


class Keys:
    """What the server of this module knows, and a pair that it does not know."""

    def __init__(self, folder):
        self.secret = Secret()
        self.rsa, self.rsa2, self.ec = Pair.rsa(folder), Pair.rsa(folder, "second"), Pair.ec(folder)
        self.ed25519, self.other = Pair.ed25519(folder), Pair.rsa(folder, "other")
        self.old = Secret("a secret that only the file knows")
        self.file = folder / "jwks.json"
        keys = [
            self.rsa.jwk(kid="rsa-1", use="sig"),
            self.rsa2.jwk(kid="rsa-2", alg="RS512"),
            self.ec.jwk(kid="ec-1", key_ops=["verify"]),
            self.ed25519.jwk(),
            self.old.jwk(kid="../../dev/null"),
            self.other.jwk(kid="other", use="enc"),
            {"kty": "EC", "crv": "P-521", "kid": "not ours"},
            {"kty": "?"},
        ]
        self.file.write_text(json.dumps({"keys": keys}))
        self.file.chmod(0o640)

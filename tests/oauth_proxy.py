# SPDX-License-Identifier: MIT
"""OAuth proxies behind nginx: a small program that does what nginx sees of oauth2-proxy, and oauth2-proxy itself with an
OpenID Connect provider. Both log in one user, whom they ask for no password."""

import contextlib
import http.server
import json
import secrets
import shutil
import subprocess
import threading
import time
import urllib.parse

import jwts
import nginx

USER = "mary@example.org"
PROGRAM = shutil.which("oauth2-proxy")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as `self.server.answer` says: a status, headers, and what becomes JSON."""

    def do_GET(self):
        length = int(self.headers["Content-Length"] or 0)
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query or self.rfile.read(length).decode()))
        status, headers, value = self.server.answer(url.path, query, self.headers)
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(answer, port=0):
    """A real HTTP server that gives these answers; gives its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.answer = answer
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextlib.contextmanager
def stand_in(folder, port, site):
    """What nginx sees of oauth2-proxy: 202 and the address for its cookie, 401 without, and a way to log in."""
    del folder, site
    sessions = set()

    def answer(path, query, headers):
        if path == "/oauth2/start":
            key = secrets.token_hex(8)
            sessions.add(key)
            return 302, {"Set-Cookie": f"_oauth2_proxy={key}; Path=/; HttpOnly", "Location": query["rd"]}, None
        cookie = (headers["Cookie"] or "").rpartition("_oauth2_proxy=")[2]
        if path != "/oauth2/auth" or cookie not in sessions:
            return 401, {}, None
        return 202, {"X-Auth-Request-Email": USER}, None

    with serving(answer, port):
        yield


@contextlib.contextmanager
def provider(folder):
    """An OpenID Connect provider; gives its URL."""
    key, codes = jwts.Pair.rsa(folder, "provider"), {}

    def answer(path, query, headers):
        issuer = f"http://{headers['Host']}"
        if path == "/.well-known/openid-configuration":
            places = {name: f"{issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
            return 200, {}, {"issuer": issuer, **places, "id_token_signing_alg_values_supported": ["RS256"],
                             "response_types_supported": ["code"], "subject_types_supported": ["public"]}  # fmt: skip
        if path == "/jwks_uri":
            return 200, {}, {"keys": [key.jwk(kid="1", use="sig", alg="RS256")]}
        if path == "/authorization_endpoint":
            code = secrets.token_hex(8)
            codes[code] = query
            back = urllib.parse.urlencode({"code": code, "state": query["state"]})
            return 302, {"Location": f"{query['redirect_uri']}?{back}"}, None
        asked, now = codes.pop(query["code"]), int(time.time())
        claims = {"iss": issuer, "aud": "messages", "sub": "0815", "email": USER, "email_verified": True,
                  "iat": now, "exp": now + 300, "nonce": asked.get("nonce")}  # fmt: skip
        return 200, {}, {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": jwts.encode(key, claims, kid="1")}

    with serving(answer) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def real(folder, port, site):
    """oauth2-proxy itself, before a provider of ours."""
    with provider(folder) as issuer, open(folder / "oauth2-proxy.log", "wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "--reverse-proxy", "--set-xauthrequest", f"--http-address=127.0.0.1:{port}", "--provider=oidc"]
            + [f"--oidc-issuer-url={issuer}", "--client-id=messages", "--client-secret=x", "--email-domain=*"]
            + [f"--redirect-url={site}/oauth2/callback", "--cookie-secure=false", "--skip-provider-button"]
            + ["--cookie-secret=0123456789abcdef", "--upstream=static://202"],
            stdout=log,
            stderr=log,
        )
        try:
            nginx.wait_for_port(port, process)
            yield
        finally:
            process.terminate()
            process.wait()


PROXIES = {"stand-in": stand_in, "oauth2-proxy": real}

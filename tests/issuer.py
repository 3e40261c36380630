# SPDX-License-Identifier: MIT
"""An issuer of JWTs that publishes its keys: a JWKS by HTTP or HTTPS, which may change, fail, or be slow."""

import http.server
import json
import threading


class Issuer:
    """`publish` says what is served from now on; while `gate` is not set, responses wait for it."""

    def __init__(self, *keys, tls=None, port=0):
        self.gate, self.asked = threading.Event(), 0
        self.gate.set()
        self.publish(*keys)
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                issuer.asked += 1
                issuer.gate.wait(120)
                status, headers, body = issuer.response
                try:
                    self.send_response(status)
                    for name, value in {"Content-Length": len(body), **headers}.items():
                        self.send_header(name, str(value))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # it was tired of waiting, or of reading

            def log_message(self, *_):
                pass

        class Listening(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self._server = Listening(("127.0.0.1", port), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_port
        self.url = f"http{'s' if tls else ''}://localhost:{self.port}/jwks.json"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def publish(self, *keys, **headers):
        """A set of these JWKs."""
        self.answer(200, json.dumps({"keys": keys}).encode(), **headers)

    def answer(self, status, body=b"", **headers):
        self.response = status, {name.replace("_", "-"): value for name, value in headers.items()}, body

    def close(self):
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

# SPDX-License-Identifier: MIT
"""A real nginx with a configuration of its own in a temporary folder, on ports of the system's choice."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess

import harness
from ports import free_ports

PROGRAM = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")

CONFIGURATION = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        include {folder}/lines.conf;
        location / {{
            proxy_pass http://127.0.0.1:{backend};
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


def wait_for_port(port, process):
    """Waits until the process listens on it."""

    def listens():
        assert process.poll() is None, "it has ended"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return True

    harness.wait_until(listens, f"somebody listens on {port}")


class Nginx:
    """nginx before a project's port; `lines` go into its server block."""

    def __init__(self, folder, backend):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.backend = backend
        self.certificate = self.folder / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
            + ["-addext", "subjectAltName=DNS:localhost"]
            + ["-keyout", self.folder / "key.pem", "-out", self.certificate],
            check=True,
            capture_output=True,
        )
        self.configuration = self.folder / "nginx.conf"
        self.command = [PROGRAM, "-p", str(self.folder), "-c", str(self.configuration)]
        self.put_lines("")
        self.process = None

    def put_lines(self, lines):
        (self.folder / "lines.conf").write_text(lines)

    def start(self):
        """Starts it on free ports; tries others where somebody took one of them first."""
        for _ in range(5):
            self.port, self.tls_port = free_ports(2)
            self.configuration.write_text(
                CONFIGURATION.format(
                    folder=self.folder,
                    port=self.port,
                    tls_port=self.tls_port,
                    backend=self.backend,
                    user="user root;" if os.geteuid() == 0 else "",  # the folder is its owner's alone
                )
            )
            self.process = subprocess.Popen(
                [*self.command, "-g", "daemon off;"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            harness.wait_until(lambda: self.process.poll() is not None or self._listens(), "nginx listens or gives up")
            if self.process.poll() is None:
                return self
        raise AssertionError(f"nginx does not start:\n{(self.folder / 'error.log').read_text()}")

    def _listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True

    def _workers(self):
        master = self.process.pid
        return set(pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split())

    @contextlib.contextmanager
    def reloaded(self, lines):
        """Changes the lines; leaves when the processes that knew the old ones are gone. The reload is the block's."""
        old = self._workers()
        self.put_lines(lines)
        yield
        harness.wait_until(lambda: not old & self._workers(), "nginx's old processes are gone")

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(harness.DEADLINE)

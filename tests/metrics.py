# SPDX-License-Identifier: MIT
"""Reads a server's /metrics, and finds the address that serves it."""

import re
import socket
import time

from clients import Client

SAMPLE = re.compile(r"([a-z_]+(?:\{[^}]*\})?) (\S+)")


class Metrics:
    """One scrape: its text, and its samples by name and labels as they are written."""

    def __init__(self, text):
        self.text = text
        self.samples = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, value = SAMPLE.fullmatch(line).groups()
                assert name not in self.samples, f"{name} is there twice"
                self.samples[name] = float(value)

    def __getitem__(self, name):
        return self.samples[name]

    def requests(self):
        """How many requests ended, by route and status; those of /metrics left out, which looking changes."""
        return {
            (route, status): self.samples[f'directmessages_http_requests_total{{route="{route}",status="{status}"}}']
            for route, status in re.findall(r'requests_total\{route="([^"]*)",status="([^"]*)"\}', self.text)
            if route != "/metrics"
        }

    def histogram(self, name, labels=""):
        """The buckets, as they are written, by their bound; the sum; the count."""
        bounds = re.findall(rf'^{re.escape(name)}_bucket\{{{re.escape(labels)},?le="([^"]*)"\}} (\S+)$', self.text, re.M)
        suffix = f"{{{labels}}}" if labels else ""
        buckets = {bound: float(value) for bound, value in bounds}
        return buckets, self[f"{name}_sum{suffix}"], self[f"{name}_count{suffix}"]


class Admin:
    """The address of --admin-listen of a running server."""

    def __init__(self, server):
        server.wait_log("health and metrics on")
        line = [line for line in server.log if "health and metrics on" in line][-1]  # of its last start
        where = re.search(r"metrics on (\S+)$", line).group(1)
        self.unix = where.removeprefix("unix:") if where.startswith("unix:") else None
        self.host, self.port = "localhost", 80
        if self.unix is None:
            self.host, port = re.fullmatch(r"http://(.+):(\d+)/", where).groups()
            self.port = int(port)

    def connect(self):
        if self.unix is None:
            return socket.create_connection((self.host, self.port), timeout=60)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(self.unix)
        return sock

    def path(self, path):
        return path

    def anonymous(self):
        return Client(self)


def scrape(server):
    """The values of /metrics, of a server or of its admin address."""
    answer = server.anonymous().get("/metrics")
    assert answer.status == 200, answer
    return Metrics(answer.text)


def wait_for_requests(server, wanted):
    """Scrapes until these requests, and no others, have ended: a client has its answer a moment before. The scrape."""
    end = time.monotonic() + 60
    while True:
        metrics = scrape(server)
        if metrics.requests() == wanted:
            return metrics
        assert time.monotonic() < end, metrics.requests()

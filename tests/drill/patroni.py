# SPDX-License-Identifier: MIT
"""docs/high-availability.md carried out: three PostgreSQL under Patroni, etcd, HAProxy and two servers, all on this machine."""

import contextlib
import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from typing import NamedTuple

import harness
import postgres
from databases import PostgresDatabase
from drill import ends
from harness import wait_until
from page import Page
from ports import free_port

NODES = ("db1", "db2", "db3")
PASSWORD = "change-this"
BEGIN = 90  # seconds, until a cluster has been made
RESET = 10  # seconds until a watchdog resets a machine: ttl - safety_margin after it was fed, at most loop_wait ago
PROGRAMS = ("patroni", "etcd", "haproxy")


def find(program):
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


def why_not():
    missing = [program for program in PROGRAMS if not find(program)]
    return f"{', '.join(missing)} are not installed; scripts/setup drill does it" if missing else postgres.why_not()


def get(port, path, method="GET", body=None):
    """The status of Patroni's REST API, and what it says; 0 where nobody answers."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, ""


class Node:
    """One Patroni and its PostgreSQL."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder / name
        self.folder.mkdir()
        self.port, self.api, self.process = free_port(), free_port(), None

    def processes(self):
        """Patroni and all of PostgreSQL, by the folder that they work in."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(process / "cwd").startswith(str(self.folder)):
                    found.append(int(process.name))
        return found

    def signal(self, number):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self):
        while self.processes():
            self.signal(signal.SIGKILL)
            if self.process:
                self.process.poll()
            time.sleep(0.01)


class Leader:
    """The cluster as tests use it: always through HAProxy."""

    def __init__(self, port):
        self.port = port

    def url(self, database):
        return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def connect(self, database):
        return postgres.Connection(self.url(database))


class Database(PostgresDatabase):
    def __init__(self, site):
        self.cluster, self.name = Leader(site.database_port), "directmessages"
        with self.cluster.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {self.name}")

    def close(self):
        """It goes with the cluster."""


class Site:
    """All of the page but the servers. Programs run as the user of PostgreSQL, in a folder of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="directmessages-ha-"))
        self.nodes = [Node(name, self.folder) for name in NODES]
        self.etcd_port, self.etcd_peer = free_port(), free_port()
        self.database_port, self.http_port = free_port(), free_port()
        self.server_ports = [free_port(), free_port()]
        self.started = []
        page = Page(harness.ROOT / "docs" / "high-availability.md", {})
        self.patroni, self.haproxy = page.only("yaml"), page.only("haproxy")
        account = pwd.getpwnam(postgres.owner())
        for path in (self.folder, *(node.folder for node in self.nodes)):
            os.chown(path, account.pw_uid, account.pw_gid)

    def run(self, folder, *command):
        as_user = {"user": postgres.owner(), "group": pwd.getpwnam(postgres.owner()).pw_gid, "extra_groups": []}
        log = open(folder / f"{pathlib.Path(command[0]).name}.log", "ab")
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env=os.environ | {"HOME": str(folder)}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
            **(as_user if os.geteuid() == 0 else {}))
        log.close()
        self.started.append(process)
        return process

    def start(self):
        client = f"http://127.0.0.1:{self.etcd_port}"
        peer = f"http://127.0.0.1:{self.etcd_peer}"
        self.run(self.folder, find("etcd"), "--data-dir", self.folder / "etcd", "--listen-client-urls", client,
                 "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                 "--initial-cluster", f"default={peer}")
        wait_until(lambda: get(self.etcd_port, "/health")[0] == 200, "etcd is there")
        for node in self.nodes:
            self.start_node(node)
        self.start_haproxy()
        wait_until(self.is_whole, "a leader has a synchronous standby, and a third one follows", BEGIN)

    def start_node(self, node):
        text = self.patroni.replace("10.0.0.21:2379,10.0.0.22:2379,10.0.0.23:2379", f"127.0.0.1:{self.etcd_port}")
        text = text.replace("10.0.0.11:8008", f"127.0.0.1:{node.api}").replace("10.0.0.11:5432", f"127.0.0.1:{node.port}")
        text = text.replace("name: db1", f"name: {node.name}").replace("10.0.0.0/24", "127.0.0.0/8")
        text = text.replace("/var/lib/postgresql/patroni", str(node.folder / "data")).replace("mode: required", "mode: off")
        text = text.replace("/usr/lib/postgresql/15/bin", str(postgres.BINARIES.parent))
        text = text.replace("postgresql:\n  listen", f"postgresql:\n  parameters: {{unix_socket_directories: '{node.folder}'}}\n  listen")
        (node.folder / "config.yml").write_text(text)
        node.process = self.run(node.folder, "/usr/bin/python3", find("patroni"), node.folder / "config.yml")

    def start_haproxy(self):
        text = self.haproxy.replace("10.0.0.10:80\n", f"127.0.0.1:{self.http_port}\n")
        text = text.replace("10.0.0.10:5000", f"127.0.0.1:{self.database_port}")
        for place, port in zip(("10.0.0.31:8000", "10.0.0.32:8000"), self.server_ports):
            text = text.replace(place, f"127.0.0.1:{port}")
        for place, node in zip(("10.0.0.11", "10.0.0.12", "10.0.0.13"), self.nodes):
            text = text.replace(f"{place}:5432 check port 8008", f"127.0.0.1:{node.port} check port {node.api}")
        (self.folder / "haproxy.cfg").write_text(text)
        self.run(self.folder, find("haproxy"), "-f", self.folder / "haproxy.cfg")

    def leader(self):
        found = [node for node in self.nodes if get(node.api, "/primary")[0] == 200]
        return found[0] if len(found) == 1 else None

    def is_whole(self):
        """Who stands by, and that HAProxy has found the leader."""
        standbys = [get(node.api, "/replica")[0] for node in self.nodes].count(200)
        synchronous = [get(node.api, "/synchronous")[0] for node in self.nodes].count(200)
        with contextlib.suppress(postgres.psycopg2.OperationalError):
            Leader(self.database_port).connect("postgres").close()
            return self.leader() and standbys == 2 and synchronous == 1

    def close(self):
        for node in self.nodes:
            node.kill()
        for process in self.started:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Servers(harness.TwoServers):
    """Two servers whose clients come through HAProxy."""

    def __init__(self, site, database):
        super().__init__(database=database)
        self.site = site
        self.listen, self.second.listen = (f"127.0.0.1:{port}" for port in site.server_ports)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.site.http_port), timeout=harness.DEADLINE)


# ---- what ends, and how; each leaves the site whole, and may return the node that is not to lead again


def kill_leader(site, load, senders):
    leader = site.leader()
    leader.kill()
    wait_until(lambda: site.leader() not in (None, leader), "there is another leader")
    load.more(senders)
    site.start_node(leader)


def switch_over(site, load, senders):
    leader = site.leader()
    candidate = next(node for node in site.nodes if get(node.api, "/synchronous")[0] == 200)
    status, text = get(leader.api, "/switchover", "POST", {"leader": leader.name, "candidate": candidate.name})
    assert status in (0, 200), text  # it may take longer than we wait for the answer
    wait_until(lambda: site.leader() is candidate, "the candidate leads")
    load.more(senders)


def freeze_leader(site, load, senders):
    """With a watchdog: here we are the one that resets the machine."""
    leader = site.leader()
    leader.signal(signal.SIGSTOP)
    time.sleep(RESET)
    assert site.leader() is None, "another one leads before the reset"
    leader.kill()
    wait_until(lambda: site.leader() not in (None, leader), "there is another leader")
    load.more(senders)
    site.start_node(leader)


def wake_leader(site, load, senders):
    """Without a watchdog: it wakes up when its successor works."""
    leader = site.leader()
    leader.signal(signal.SIGSTOP)
    wait_until(lambda: site.leader() not in (None, leader), "there is another leader")
    load.more(senders)
    leader.signal(signal.SIGCONT)
    load.more(senders)
    return leader


ENDS = (kill_leader, switch_over, freeze_leader, wake_leader)


def await_whole(site, stale):
    """Patroni 3.0.2 names no synchronous standby any more where a leader has taken its lock back."""
    try:
        wait_until(site.is_whole, "all three are there again", BEGIN)
    except AssertionError:
        if stale is None or site.leader() is not stale:
            raise


class Ending(NamedTuple):
    result: ends.Result
    pause: float  # seconds in which nobody got a 201
    taken_back: bool  # who woke up leads again, and has rewound its successor


def run(end, hosts, seed):
    """`hosts`: the servers are given all of them, else HAProxy."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(contextlib.closing(Site()))
        site.start()
        database = Database(site)
        ports = [node.port for node in site.nodes] if hosts else [site.database_port]
        places = ",".join(f"127.0.0.1:{port}" for port in ports)
        database.url = f"postgresql://postgres:{PASSWORD}@{places}/{database.name}?target_session_attrs=read-write"
        both = Servers(site, database).start()
        stack.callback(both.second.close)
        stack.callback(both.close)
        wait_until(lambda: get(site.http_port, "/readyz")[0] == 200, "HAProxy has found the servers")
        load = ends.Load(both, seed)
        with load.at_work() as senders, ends.longest_pause(senders) as pauses:
            stale = end(site, load, senders)
        await_whole(site, stale)
        return Ending(load.judge(), pauses[0], stale is not None and site.leader() is stale)

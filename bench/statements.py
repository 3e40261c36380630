# SPDX-License-Identifier: MIT
"""The ceiling of a read on PostgreSQL: pgbench with the statement that the server sends for it."""

import pathlib
import re
import tempfile
from typing import Callable, NamedTuple, Optional

import postgres
import programs
from programs import Failure, Round
from seed import Data
from workload import PAGE, PREFIX, Route, Request, Source

EXECUTED = re.compile(r"LOG:  execute [^:\n]*: (.*)$(?:\n.*DETAIL:  [Pp]arameters: (.*)$)?", re.MULTILINE)
VALUE = re.compile(r"\$(\d+) = '([^']*)'")
TRANSACTION = re.compile(r"\s*(BEGIN|START|COMMIT|ROLLBACK|SET)\b", re.IGNORECASE)
PGBENCH = postgres.BINARIES and postgres.BINARIES.parent / "pgbench"


class Script(NamedTuple):
    """What pgbench repeats, and the values of the parameters that do not change."""

    text: str
    values: dict[str, str]


class Load(NamedTuple):
    """pgbench with a script on a database, with so many connections."""

    command: list
    clients: int

    @classmethod
    def of(cls, cluster: postgres.Cluster, database: str, script: Script) -> "Load":
        file = tempfile.NamedTemporaryFile("w", suffix=".pgbench", dir=cluster.directory, delete=False)
        with file:
            file.write(script.text)
        values = [part for name, value in script.values.items() for part in ("-D", f"{name}={value}")]
        return cls([PGBENCH, "-n", "-M", "prepared", "-j", 2, "-f", file.name, "-h", "127.0.0.1", "-p", cluster.port,
                    "-U", "postgres", *values, database], 1)

    def round(self, seconds: int) -> Round:
        output = programs.finish([*self.command, "-c", self.clients, "-T", seconds], "pgbench", seconds)
        found = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
        if not found or not re.search(r"^number of failed transactions: 0 ", output, re.MULTILINE):
            raise Failure(f"pgbench printed no result:\n{output}")
        return Round(float(found[1]))


class Sweep(NamedTuple):
    """Trials with several numbers of connections, each of so many seconds."""

    clients: list[int]
    seconds: int

    def best(self, load: Load, show: Callable[[str], None]) -> int:
        rates = {}
        if len(self.clients) == 1:
            return self.clients[0]
        for clients in self.clients:
            show(f"pgbench, {clients} connections")
            rates[clients] = load._replace(clients=clients).round(self.seconds).rate
        return max(rates, key=rates.get)


def catch(cluster: postgres.Cluster, url: str, size: Data, route: Route, source: Source) -> Script:
    """The last statement that the server runs for a request, with the user and the partner drawn anew.

    It is read from PostgreSQL's log, so it cannot differ from the server's. The statement before it, which looks up the
    token, is not part of the ceiling. The event log is off, since its readers send statements of their own.
    """
    request = next(one for one in reversed(route.requests(source)) if one.user not in (_partner(one), PAGE, PAGE + 1))
    log = pathlib.Path(cluster.directory) / "log"
    begin = log.stat().st_size
    quiet = {"DIRECTMESSAGES_EVENTS": "0"}
    with programs.serving(f"{url}?options=-c%20log_statement%3Dall", log.with_name("caught.log"), quiet) as server:
        status, _ = server.fetch(request.method, PREFIX + request.path, size.token(request.user), request.body)
    if status != route.status:
        raise Failure(f"{route.name}: {request} got {status}")
    with open(log, encoding="utf-8", errors="replace") as file:
        file.seek(begin)
        ran = [(sql, values) for sql, values in EXECUTED.findall(file.read()) if not TRANSACTION.match(sql)]
    if not ran:
        raise Failure(f"{route.name}: PostgreSQL's log has no statement for it")
    return _script(route.variables.format(users=size.users, heavy=2 * size.heavy_pairs), *ran[-1], request)


def _partner(request: Request) -> Optional[int]:
    found = re.search(r"/(\d+)/$", request.path)
    return int(found[1]) if found else None


def _script(variables: str, sql: str, values: str, request: Request) -> Script:
    """Keeps all parameters, so that the statement is planned as the server's is."""
    names, fixed = {str(request.user): ":user", str(_partner(request)): ":partner"}, {}
    placed = {}
    for number, value in VALUE.findall(values):
        placed[number] = names.get(value, f":p{number}")
        fixed[f"p{number}"] = value
    return Script(variables + re.sub(r"\$(\d+)", lambda match: placed[match[1]], sql) + ";\n", fixed)

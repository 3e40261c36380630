# SPDX-License-Identifier: MIT
"""The result as Markdown."""

import datetime
import pathlib
import platform
import re
import statistics
from typing import NamedTuple, Optional

from programs import CONNECTIONS, CORES, LOAD_THREADS, Memory, Round
from seed import Data
from workload import BARE_INSERTS, ENDPOINTS, SEND, Endpoint

LARGE_TARGET = 0.8
IDLE_TARGET = 15.0  # MB


class Place(NamedTuple):
    """Where something was measured."""

    store: str
    size: Data


class Results:
    """All rounds of one run; a ceiling stands beside the endpoint that it was measured with."""

    def __init__(self, sizes: list[Data]):
        self.sizes = sizes
        self.stores: list[str] = []
        self.rounds: dict[tuple[Place, str], list[Round]] = {}
        self.ceilings: dict[tuple[Place, str], list[Round]] = {}
        self.reference: dict[tuple[Place, str], Round] = {}
        self.memory: dict[tuple[Place, str], Memory] = {}

    def add(self, place: Place, endpoint: Endpoint, measured: Round) -> None:
        self.rounds.setdefault((place, endpoint.name), []).append(measured)

    def add_ceiling(self, place: Place, endpoint: Endpoint, measured: Round) -> None:
        self.ceilings.setdefault((place, endpoint.name), []).append(measured)

    def add_reference(self, place: Place, endpoint: Endpoint, measured: Round) -> None:
        self.reference[place, endpoint.name] = measured

    def add_memory(self, place: Place, moment: str, memory: Memory) -> None:
        """The highest of each moment counts."""
        before = self.memory.get((place, moment), memory)
        self.memory[place, moment] = Memory(max(before.resident, memory.resident), max(before.peak, memory.peak))


def median(rounds: list[Round], field: str = "rate") -> float:
    return statistics.median(getattr(measured, field) for measured in rounds)


def median_ratio(rounds: list[Round], base: list[Round]) -> float:
    """Of rounds that were run one after the other, so that a machine that got slower meanwhile matters little."""
    return statistics.median(one.rate / other.rate for one, other in zip(rounds, base, strict=True))


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |\n"


def heading(first: str, *others: str) -> str:
    return row(first, *others) + "|---|" + "---:|" * len(others) + "\n"


def verdict(ratio: float, target: Optional[float]) -> tuple[str, str]:
    if target is None:
        return "", ""
    return f">= {target:,}", "met" if ratio >= target else "missed"


def machine() -> str:
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    return (f"{datetime.date.today()}, {model[1] if model else platform.machine()}, {CORES} cores, "
            f"Linux {platform.release()}; {CONNECTIONS} connections, {LOAD_THREADS} wrk thread(s)\n")


def endpoint_table(results: Results, place: Place) -> str:
    """The targets beside the ceilings are those of the small data; the large data has its own, in growth_table."""
    text = heading("endpoint", "requests/s", "p50 us", "p99 us", "ceiling/s", "ratio", "target", "")
    for endpoint in ENDPOINTS:
        rounds = results.rounds[place, endpoint.name]
        figures = [f"{median(rounds, field):,.0f}" for field in Round._fields]
        if ceiling := endpoint.ceilings.get(place.store):
            ceilings = results.ceilings[place, endpoint.name]
            ratio = median_ratio(rounds, ceilings)
            target = ceiling.target if place.size == results.sizes[0] else None
            limits = [f"{median(ceilings):,.0f} ({ceiling.name})", f"{ratio:.2f}", *verdict(ratio, target)]
        else:
            limits = ["", "", "", ""]
        text += row(endpoint.name, *figures, *limits)
    return text


def growth_table(results: Results, small: Place, large: Place) -> str:
    """How each figure, and that of the bare inserts, holds when the data grows."""
    text = heading("requests/s", f"{small.size.messages:,}", f"{large.size.messages:,}", "ratio", "target", "")
    compared = [(endpoint.name, results.rounds, endpoint, LARGE_TARGET) for endpoint in ENDPOINTS]
    compared.append((f"({BARE_INSERTS})", results.ceilings, SEND, None))
    for name, rounds, endpoint, target in compared:
        before, after = rounds[small, endpoint.name], rounds[large, endpoint.name]
        ratio = median_ratio(after, before)
        text += row(name, f"{median(before):,.0f}", f"{median(after):,.0f}", f"{ratio:.2f}", *verdict(ratio, target))
    return text


def reference_table(results: Results, place: Place) -> str:
    """How many times as many requests as the reference."""
    text = heading("requests/s", "ours", "the reference", "times", "target", "")
    for endpoint in ENDPOINTS:
        ours, theirs = median(results.rounds[place, endpoint.name]), results.reference[place, endpoint.name].rate
        times = ours / theirs
        text += row(endpoint.name, f"{ours:,.0f}", f"{theirs:,.1f}", f"{times:,.0f}", *verdict(times, endpoint.faster))
    return text


def memory_table(results: Results) -> str:
    def megabytes(kibibytes: int) -> str:
        return f"{kibibytes * 1024 / 1e6:.1f}"

    text = heading("resident memory, MB", "idle", "after reads", "after writes", "peak", "target", "")
    for place in (Place(store, size) for store in results.stores for size in results.sizes):
        moments = [results.memory[place, moment] for moment in ("idle", "after reads", "after writes")]
        idle = moments[0].resident * 1024 / 1e6
        text += row(f"{place.store}, {place.size.messages:,} messages", *(megabytes(memory.resident) for memory in moments),
                    megabytes(max(memory.peak for memory in moments)),
                    f"idle < {IDLE_TARGET:.0f}", "met" if idle < IDLE_TARGET else "missed")
    return text


def store_tables(results: Results, store: str) -> str:
    text, places = "", [Place(store, size) for size in results.sizes]
    for place in places:
        told = f"{store}, {place.size.users:,} users, {place.size.messages:,} messages"
        text += f"\n{told}:\n\n{endpoint_table(results, place)}"
    if len(places) > 1:
        text += f"\n{store}, the same at {places[-1].size.messages:,} messages:\n\n"
        text += growth_table(results, places[0], places[-1])
    if any(place == places[0] for place, _ in results.reference):
        text += f"\n{store}, {places[0].size.messages:,} messages, beside drf-directmessages by gunicorn with three workers:\n\n"
        text += reference_table(results, places[0])
    return text


def markdown(results: Results) -> str:
    return machine() + "".join(store_tables(results, store) for store in results.stores) + "\n" + memory_table(results)

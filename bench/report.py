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
from workload import BARE_INSERTS, BESIDE, MIXED, OF_REFERENCE, ROUTES, SEND, Route

LARGE_TARGET = 0.8
IDLE_TARGET = 15.0  # MB


class Place(NamedTuple):
    """Where something was measured."""

    store: str
    size: Data


class Results:
    """All rounds of one run. A ceiling belongs to the route that it was measured with."""

    def __init__(self, sizes: list[Data]):
        self.sizes = sizes
        self.stores: list[str] = []
        self.rounds: dict[tuple[Place, str], list[Round]] = {}
        self.ceilings: dict[tuple[Place, str], list[Round]] = {}
        self.reference: dict[tuple[Place, str], Round] = {}
        self.mixed: dict[tuple[Place, str, str], list[Round]] = {}  # beside which writes, or ""
        self.memory: dict[tuple[Place, str], Memory] = {}
        self.first_folds: dict[Place, float] = {}  # seconds

    def add(self, place: Place, route: Route, measured: Round) -> None:
        self.rounds.setdefault((place, route.name), []).append(measured)

    def add_ceiling(self, place: Place, route: Route, measured: Round) -> None:
        self.ceilings.setdefault((place, route.name), []).append(measured)

    def add_reference(self, place: Place, route: Route, measured: Round) -> None:
        self.reference[place, route.name] = measured

    def add_first_fold(self, place: Place, seconds: float) -> None:
        self.first_folds[place] = seconds

    def add_memory(self, place: Place, moment: str, memory: Memory) -> None:
        """Keeps the highest value of each moment."""
        before = self.memory.get((place, moment), memory)
        self.memory[place, moment] = Memory(max(before.resident, memory.resident), max(before.peak, memory.peak))


def median(rounds: list[Round], field: str = "rate") -> float:
    return statistics.median(getattr(measured, field) for measured in rounds)


def median_ratio(rounds: list[Round], base: list[Round]) -> float:
    """The median over rounds that ran one after the other, so that a machine that slows down matters little."""
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


def route_table(results: Results, place: Place) -> str:
    """The targets here are those of the small data. The large data has its own, in growth_table."""
    text = heading("route", "requests/s", "p50 us", "p99 us", "ceiling/s", "ratio", "target", "")
    for route in ROUTES:
        rounds = results.rounds[place, route.name]
        figures = [f"{median(rounds, field):,.0f}" for field in Round._fields]
        if ceiling := route.ceilings.get(place.store):
            ceilings = results.ceilings[place, route.name]
            ratio = median_ratio(rounds, ceilings)
            target = ceiling.target if place.size == results.sizes[0] else None
            limits = [f"{median(ceilings):,.0f} ({ceiling.name})", f"{ratio:.2f}", *verdict(ratio, target)]
        else:
            limits = ["", "", "", ""]
        text += row(route.name, *figures, *limits)
    return text


def growth_table(results: Results, small: Place, large: Place) -> str:
    """How each figure, and that of the bare inserts, changes when the data grows."""
    text = heading("requests/s", f"{small.size.messages:,}", f"{large.size.messages:,}", "ratio", "target", "")
    compared = [(route.name, results.rounds, route, LARGE_TARGET) for route in ROUTES]
    compared.append((f"({BARE_INSERTS})", results.ceilings, SEND, None))
    for name, rounds, route, target in compared:
        before, after = rounds[small, route.name], rounds[large, route.name]
        ratio = median_ratio(after, before)
        text += row(name, f"{median(before):,.0f}", f"{median(after):,.0f}", f"{ratio:.2f}", *verdict(ratio, target))
    return text


def reference_table(results: Results, place: Place) -> str:
    """How many times as fast as the reference we are."""
    text = heading("requests/s", "ours", "the reference", "times", "target", "")
    for route in OF_REFERENCE:
        ours, theirs = median(results.rounds[place, route.name]), results.reference[place, route.name].rate
        times = ours / theirs
        text += row(route.name, f"{ours:,.0f}", f"{theirs:,.1f}", f"{times:,.0f}", *verdict(times, route.times_reference))
    return text


def mixed_table(results: Results, place: Place) -> str:
    """What reads keep of their rate while others write."""
    text = heading("requests/s", "alone", *(cell for name in BESIDE for cell in (f"beside {name}", "kept")), "target", "")
    for mixed in MIXED:
        alone = results.mixed.get((place, mixed.route.name, ""))
        if alone is None:
            continue
        beside = [results.mixed[place, mixed.route.name, name] for name in BESIDE]
        kept = [median_ratio(rounds, alone) for rounds in beside]
        cells = [cell for rounds, ratio in zip(beside, kept) for cell in (f"{median(rounds):,.0f}", f"{ratio:.2f}")]
        text += row(mixed.route.name, f"{median(alone):,.0f}", *cells, *verdict(min(kept), mixed.target))
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


def fold_table(results: Results) -> str:
    text = heading("the first fold of inboxes, by migrate", "seconds", "messages/s")
    for place, seconds in results.first_folds.items():
        text += row(f"{place.store}, {place.size.messages:,} messages", f"{seconds:.1f}", f"{place.size.messages / seconds:,.0f}")
    return text


def store_tables(results: Results, store: str) -> str:
    text, places = "", [Place(store, size) for size in results.sizes]
    for place in places:
        label = f"{store}, {place.size.users:,} users, {place.size.messages:,} messages"
        text += f"\n{label}:\n\n{route_table(results, place)}"
        text += f"\n{store}, {place.size.messages:,} messages, reads beside writes:\n\n{mixed_table(results, place)}"
    if len(places) > 1:
        text += f"\n{store}, the same at {places[-1].size.messages:,} messages:\n\n"
        text += growth_table(results, places[0], places[-1])
    if any(place == places[0] for place, _ in results.reference):
        text += f"\n{store}, {places[0].size.messages:,} messages, beside drf-directmessages by gunicorn with three workers:\n\n"
        text += reference_table(results, places[0])
    return text


def markdown(results: Results) -> str:
    return machine() + "".join(store_tables(results, store) for store in results.stores) + "\n" + memory_table(results) + "\n" + fold_table(results)

# SPDX-License-Identifier: MIT
"""The result as Markdown."""

import datetime
import pathlib
import platform
import re
import statistics
from typing import Optional

from programs import CONNECTIONS, CORES, LOAD_THREADS, Memory, Round
from seed import Data
from workload import ENDPOINTS, SEND, Endpoint

LARGE_TARGET = 0.8
IDLE_TARGET = 15.0  # MB
CEILING_NAMES = {"http": "bare answer", "insert": "bare inserts"}


class Results:
    """All rounds of one run; a ceiling stands beside the endpoint that it was measured with."""

    def __init__(self, sizes: list[Data]):
        self.sizes = sizes
        self.rounds: dict[tuple[Data, str], list[Round]] = {}
        self.ceilings: dict[tuple[Data, str], list[Round]] = {}
        self.memory: dict[tuple[Data, str], Memory] = {}

    def add(self, size: Data, endpoint: Endpoint, measured: Round) -> None:
        self.rounds.setdefault((size, endpoint.name), []).append(measured)

    def add_ceiling(self, size: Data, endpoint: Endpoint, measured: Round) -> None:
        self.ceilings.setdefault((size, endpoint.name), []).append(measured)

    def add_memory(self, size: Data, moment: str, memory: Memory) -> None:
        """The highest of each moment counts."""
        before = self.memory.get((size, moment), memory)
        self.memory[size, moment] = Memory(max(before.resident, memory.resident), max(before.peak, memory.peak))


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
    return f">= {target}", "met" if ratio >= target else "missed"


def machine() -> str:
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    return (f"{datetime.date.today()}, {model[1] if model else platform.machine()}, {CORES} cores, "
            f"Linux {platform.release()}; {CONNECTIONS} connections, {LOAD_THREADS} wrk thread(s)\n")


def endpoint_table(results: Results, size: Data) -> str:
    """The targets beside the ceilings are those of the small data; the large data has its own, in growth_table."""
    text = heading("endpoint", "requests/s", "p50 us", "p99 us", "ceiling/s", "ratio", "target", "")
    for endpoint in ENDPOINTS:
        rounds = results.rounds[size, endpoint.name]
        figures = [f"{median(rounds, field):,.0f}" for field in Round._fields]
        if endpoint.ceiling:
            ceilings = results.ceilings[size, endpoint.name]
            ratio = median_ratio(rounds, ceilings)
            target = endpoint.target if size == results.sizes[0] else None
            limits = [f"{median(ceilings):,.0f} ({CEILING_NAMES[endpoint.ceiling]})", f"{ratio:.2f}",
                      *verdict(ratio, target)]
        else:
            limits = ["", "", "", ""]
        text += row(endpoint.name, *figures, *limits)
    return text


def growth_table(results: Results, small: Data, large: Data) -> str:
    """How each figure, and that of the bare inserts, holds when the data grows."""
    text = heading("requests/s", f"{small.messages:,}", f"{large.messages:,}", "ratio", "target", "")
    compared = [(endpoint.name, results.rounds, endpoint, LARGE_TARGET) for endpoint in ENDPOINTS]
    compared.append(("(bare inserts)", results.ceilings, SEND, None))
    for name, rounds, endpoint, target in compared:
        before, after = rounds[small, endpoint.name], rounds[large, endpoint.name]
        ratio = median_ratio(after, before)
        text += row(name, f"{median(before):,.0f}", f"{median(after):,.0f}", f"{ratio:.2f}", *verdict(ratio, target))
    return text


def memory_table(results: Results) -> str:
    def megabytes(kibibytes: int) -> str:
        return f"{kibibytes * 1024 / 1e6:.1f}"

    text = heading("resident memory, MB", "idle", "after reads", "after writes", "peak", "target", "")
    for size in results.sizes:
        moments = [results.memory[size, moment] for moment in ("idle", "after reads", "after writes")]
        idle = moments[0].resident * 1024 / 1e6
        text += row(f"{size.messages:,} messages", *(megabytes(memory.resident) for memory in moments),
                    megabytes(max(memory.peak for memory in moments)),
                    f"idle < {IDLE_TARGET:.0f}", "met" if idle < IDLE_TARGET else "missed")
    return text


def markdown(results: Results) -> str:
    text = machine()
    for size in results.sizes:
        text += f"\n{size.users:,} users, {size.messages:,} messages:\n\n{endpoint_table(results, size)}"
    if len(results.sizes) > 1:
        text += f"\nThe same at {results.sizes[-1].messages:,} messages:\n\n"
        text += growth_table(results, results.sizes[0], results.sizes[-1])
    return text + "\n" + memory_table(results)

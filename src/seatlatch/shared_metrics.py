"""Metrics of several processes as one: each reports what it has counted; a scrape adds it up."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from seatlatch.shared_memory import SharedMemory

REPORT_BYTES_MAX = 512 * 1024
"""More than all metrics take with each route and status that there is."""

WORD_BYTES = 8
HALF_BYTES = WORD_BYTES + REPORT_BYTES_MAX
PLACE_BYTES = WORD_BYTES + 2 * HALF_BYTES

Sample = tuple[str, dict[str, str], float]


class Family(msgspec.Struct, array_like=True):
    """A metric with its samples: name, labels, value."""

    name: str
    documentation: str
    type: str
    samples: list[Sample]

    @property
    def counts(self) -> bool:
        """Whether its values only ever grow, so that those of a dead process still count."""
        return self.type in ("counter", "histogram")


class Report(msgspec.Struct, array_like=True):
    """What a process has counted. `set_at`: when it set each gauge of which the last value counts,
    in seconds of a clock that all processes share.
    """

    families: list[Family] = []
    set_at: dict[str, float] = {}


class Reports:
    """The last report of each process, by its place among them."""

    def __init__(self, memory: SharedMemory) -> None:
        self.memory = memory

    @classmethod
    def of(cls, places: int) -> "Reports":
        """None yet. Raises `OSError` if there is not enough memory."""
        return cls(SharedMemory.of(places * PLACE_BYTES))

    def __iter__(self) -> Iterator[Report]:
        places = len(self.memory.bytes) // PLACE_BYTES
        return (self.read(place) for place in range(places))

    def read(self, place: int) -> Report:
        """The last report of a process; an empty one if there is none."""
        start = place * PLACE_BYTES
        while number := self._word(start):
            at = start + WORD_BYTES + number % 2 * HALF_BYTES
            length = min(self._word(at), REPORT_BYTES_MAX)
            data = bytes(self.memory.bytes[at + WORD_BYTES : at + WORD_BYTES + length])
            if self._word(start) == number:  # else it may have been overwritten meanwhile
                return msgspec.msgpack.decode(data, type=Report)
        return Report()

    def write(self, place: int, report: Report) -> None:
        """Replace it. Readers see the old one until the new one is whole; so does everybody if this
        process dies meanwhile.
        """
        data = msgspec.msgpack.encode(report)
        if len(data) > REPORT_BYTES_MAX:
            raise ValueError(f"a report of {len(data)} bytes")
        start = place * PLACE_BYTES
        number = self._word(start) + 1
        at = start + WORD_BYTES + number % 2 * HALF_BYTES
        self.memory.bytes[at : at + WORD_BYTES] = len(data).to_bytes(WORD_BYTES)
        self.memory.bytes[at + WORD_BYTES : at + WORD_BYTES + len(data)] = data
        self.memory.bytes[start : start + WORD_BYTES] = number.to_bytes(WORD_BYTES)

    def _word(self, at: int) -> int:
        return int.from_bytes(self.memory.bytes[at : at + WORD_BYTES])

    def forget_gauges(self, place: int) -> None:
        """A process has died: what it counted stays, but nothing waits in it any more."""
        report = self.read(place)
        self.write(place, Report([family for family in report.families if family.counts]))


class Place(NamedTuple):
    """The reports, and which of them is this process's."""

    reports: Reports
    number: int


def report_of(registry: CollectorRegistry, set_at: Mapping[str, float], before: Report) -> Report:
    """What this process has counted, and what its predecessors in its place did `before`."""
    own = [
        Family(
            metric.name,
            metric.documentation,
            metric.type,
            [(sample.name, dict(sample.labels), sample.value) for sample in metric.samples],
        )
        for metric in registry.collect()
    ]
    return Report(_added([Report(own), before]), dict(set_at))


def sums(reports: Iterable[Report], last_counts: Iterable[str]) -> CollectorRegistry:
    """All that the processes have counted, to be exposed.

    Values are added; of the gauges `last_counts`, the one that was set last is taken.
    """
    registry = CollectorRegistry()
    registry.register(_Families(_added(list(reports), frozenset(last_counts))))
    return registry


class _Families:
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        for family in self._families:
            metric = Metric(family.name, family.documentation, family.type)
            for name, labels, value in family.samples:
                metric.add_sample(name, labels, value)
            yield metric


def _added(reports: list[Report], last_counts: frozenset[str] = frozenset()) -> list[Family]:
    added: dict[str, Family] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    taken_at: dict[str, float] = {}
    for report in reports:
        for family in report.families:
            added.setdefault(
                family.name, Family(family.name, family.documentation, family.type, [])
            )
            sums = values.setdefault(family.name, {})
            if family.name in last_counts:
                set_at = report.set_at.get(family.name, 0.0)
                if set_at < taken_at.get(family.name, 0.0):
                    continue
                taken_at[family.name] = set_at
                sums.clear()
            for name, labels, value in family.samples:
                key = (name, tuple(labels.items()))
                sums[key] = sums.get(key, 0.0) + value
    for name, family in added.items():
        family.samples = [
            (key, dict(labels), value) for (key, labels), value in values[name].items()
        ]
    return list(added.values())

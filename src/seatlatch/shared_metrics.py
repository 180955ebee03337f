"""Metrics of several processes: each one reports its values, and a scrape adds them up."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from seatlatch.shared_memory import SharedMemory

REPORT_BYTES_MAX = 512 * 1024
"""The size limit of a report: more than all metrics need with every route and status."""

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
        """Whether its values only grow, so that the values of a dead process still count."""
        return self.type in ("counter", "histogram")


class Report(msgspec.Struct, array_like=True):
    """The metrics of a process.

    `set_at`: when the process set each gauge of which only the latest value counts, in seconds of
    the monotonic clock, which all processes share.
    """

    families: list[Family] = []
    set_at: dict[str, float] = {}


class Reports:
    """The latest report of each process, by its place."""

    def __init__(self, memory: SharedMemory) -> None:
        self.memory = memory

    @classmethod
    def of(cls, places: int) -> "Reports":
        """Allocate the places, without reports. Raises `OSError` if there is not enough memory."""
        return cls(SharedMemory.of(places * PLACE_BYTES))

    def __iter__(self) -> Iterator[Report]:
        places = len(self.memory.bytes) // PLACE_BYTES
        return (self.read(place) for place in range(places))

    def read(self, place: int) -> Report:
        """The latest report in a place; an empty one if there is none."""
        start = place * PLACE_BYTES
        while number := self._word(start):
            at = start + WORD_BYTES + number % 2 * HALF_BYTES
            length = min(self._word(at), REPORT_BYTES_MAX)
            data = bytes(self.memory.bytes[at + WORD_BYTES : at + WORD_BYTES + length])
            if self._word(start) == number:  # otherwise it may have been overwritten meanwhile
                return msgspec.msgpack.decode(data, type=Report)
        return Report()

    def write(self, place: int, report: Report) -> None:
        """Replace the report in a place.

        Readers see the old report until the new one is complete, also if this process dies before.
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
        """Remove the gauges of a process that died, and keep its counters."""
        report = self.read(place)
        self.write(place, Report([family for family in report.families if family.counts]))


class Place(NamedTuple):
    """The reports, and the number of this process's place among them."""

    reports: Reports
    number: int

    @property
    def counted(self) -> list[Family]:
        """The counters of the earlier processes in this place."""
        return [family for family in self.reports.read(self.number).families if family.counts]


def report_of(registry: CollectorRegistry, set_at: Mapping[str, float], before: Report) -> Report:
    """The metrics of this process, added to those of its predecessors (`before`)."""
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


def sums(
    reports: Iterable[Report], latest_only: Iterable[str], largest_only: Iterable[str] = ()
) -> CollectorRegistry:
    """The metrics of all processes, as a registry to expose.

    Values are added up, except for some gauges: of `latest_only` the latest value is taken, of
    `largest_only` the largest.
    """
    registry = CollectorRegistry()
    registry.register(
        _Families(_added(list(reports), frozenset(latest_only), frozenset(largest_only)))
    )
    return registry


def summed(
    reports: Iterable[Report],
    names: Collection[str],
    latest_only: Iterable[str],
    largest_only: Iterable[str] = (),
) -> list[Sample]:
    """The samples of these names, added up as `sums` does."""
    chosen = [
        Report(
            [
                Family(one.name, one.documentation, one.type, samples)
                for one in report.families
                if (samples := [sample for sample in one.samples if sample[0] in names])
            ],
            report.set_at,
        )
        for report in reports
    ]
    families = _added(chosen, frozenset(latest_only), frozenset(largest_only))
    return [sample for family in families for sample in family.samples]


class _Families:
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        for family in self._families:
            metric = Metric(family.name, family.documentation, family.type)
            for name, labels, value in family.samples:
                metric.add_sample(name, labels, value)
            yield metric


def _added(
    reports: list[Report],
    latest_only: frozenset[str] = frozenset(),
    largest_only: frozenset[str] = frozenset(),
) -> list[Family]:
    added: dict[str, Family] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    taken_at: dict[str, float] = {}
    for report in reports:
        for family in report.families:
            added.setdefault(
                family.name, Family(family.name, family.documentation, family.type, [])
            )
            sums = values.setdefault(family.name, {})
            if family.name in latest_only:
                set_at = report.set_at.get(family.name, 0.0)
                if set_at < taken_at.get(family.name, 0.0):
                    continue
                taken_at[family.name] = set_at
                sums.clear()
            for name, labels, value in family.samples:
                key = (name, tuple(labels.items()))
                if family.name in largest_only:
                    sums[key] = max(sums.get(key, value), value)
                else:
                    sums[key] = sums.get(key, 0.0) + value
    for name, family in added.items():
        family.samples = [
            (key, dict(labels), value) for (key, labels), value in values[name].items()
        ]
    return list(added.values())

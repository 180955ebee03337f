"""Counters, gauges and histograms that are plain numbers until a scrape reads them. Only for the
thread of the event loop, which also serves the scrapes.

See decision 190.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

Labels = tuple[str, ...]


class PlainCounter(Collector):
    """A counter with labels."""

    def __init__(
        self, name: str, documentation: str, labels: Labels, registry: CollectorRegistry
    ) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._counts: dict[Labels, int] = {}
        registry.register(self)

    def add(self, labels: Labels, count: int = 1) -> None:
        """Add to the count of these labels' values."""
        self._counts[labels] = self._counts.get(labels, 0) + count

    def describe(self) -> Iterator[CounterMetricFamily]:
        """The counter without its counts: the registry finds it by the names in it."""
        yield CounterMetricFamily(self._name, self._documentation, labels=self._labels)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The counts for a scrape."""
        for family in self.describe():
            for labels, count in self._counts.items():
                family.add_metric(labels, count)
            yield family


class PlainGauge(Collector):
    """A gauge that has no sample until it is set. `value` None = not known."""

    def __init__(self, name: str, documentation: str, registry: CollectorRegistry) -> None:
        self._name, self._documentation = name, documentation
        self.value: float | None = None
        registry.register(self)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The gauge without its value: the registry finds it by the name in it."""
        yield GaugeMetricFamily(self._name, self._documentation)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The value for a scrape."""
        for family in self.describe():
            if self.value is not None:
                family.add_metric((), self.value)
            yield family


class PlainHistogram(Collector):
    """A histogram with labels. `bounds`: the upper bounds of its buckets, in order."""

    def __init__(
        self,
        name: str,
        documentation: str,
        bounds: Sequence[float],
        registry: CollectorRegistry,
        labels: Labels = (),
    ) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._bounds = bounds
        self._buckets: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}
        if not labels:
            self._add_series(())
        registry.register(self)

    def _add_series(self, labels: Labels) -> list[int]:
        self._sums[labels] = 0.0
        buckets = self._buckets[labels] = [0] * (len(self._bounds) + 1)
        return buckets

    def observe(self, value: float, labels: Labels = ()) -> None:
        """Count a value."""
        buckets = self._buckets.get(labels) or self._add_series(labels)
        buckets[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """The histogram without its values: the registry finds it by the names in it."""
        yield HistogramMetricFamily(self._name, self._documentation, labels=self._labels)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The buckets for a scrape, each with the values of all smaller ones."""
        names = [*map(floatToGoString, self._bounds), "+Inf"]
        for family in self.describe():
            for labels, buckets in self._buckets.items():
                cumulative = list(zip(names, accumulate(buckets), strict=True))
                family.add_metric(labels, cumulative, self._sums[labels])
            yield family

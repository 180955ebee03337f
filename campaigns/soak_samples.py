"""The judgement on the samples of a soak: whether memory or descriptors grow."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

WARM_UP_SHARE = 0.125
"""The share of the samples at the start that does not count: caches fill, statements are prepared.
"""

GROWTH_KIBIBYTES_MAX = 10 * 1024
GROWTH_DESCRIPTORS_MAX = 5
SAMPLES_MIN = 32
"""Fewer samples are not judged."""


class Sample(NamedTuple):
    """The memory and the open descriptors of each process of a server, in one order."""

    resident_kibibytes: Sequence[int]
    descriptors: Sequence[int]


def failures_of(samples: Sequence[Sample]) -> list[str]:
    """The growth that is too large, from the first quarter after the warm-up to the last one."""
    if len(samples) < SAMPLES_MIN:
        return []
    if len({len(sample.descriptors) for sample in samples}) > 1:
        return ["a process of the server ended"]
    kept = samples[int(len(samples) * WARM_UP_SHARE) :]
    quarter = len(kept) // 4
    return [
        f"process {number}: {what} grew from {before:g} to {after:g}"
        for number in range(len(kept[0].descriptors))
        for what, values, most in (
            ("memory", [one.resident_kibibytes[number] for one in kept], GROWTH_KIBIBYTES_MAX),
            ("descriptors", [one.descriptors[number] for one in kept], GROWTH_DESCRIPTORS_MAX),
        )
        for before, after in [(median(values[:quarter]), median(values[-quarter:]))]
        if after - before > most
    ]

"""Generates the table of the campaigns from their results."""

from collections.abc import Sequence
from pathlib import Path

from campaigns.catalog import CATALOG, DONE_SHARE, Entry
from campaigns.results import FOLDER, Line, file_of, found, is_control, reached, read_results
from campaigns.soak_samples import Sample, failures_of
from docs.markdown import table

COLUMNS = (
    *("campaign", "wanted", "reached", "control", "failures"),
    *("seeds", "date", "commit", "command"),
)
NOT_DONE = "not done"


def campaigns(folder: Path = FOLDER) -> str:
    """Every campaign with what it reached."""
    return table(
        COLUMNS,
        (_row(name, entry, read_results(file_of(name, folder))) for name, entry in CATALOG.items()),
    )


def _row(name: str, entry: Entry, lines: Sequence[Line]) -> tuple[str, ...]:
    count = reached(lines, is_longest=entry.is_longest)
    is_done = count >= entry.wanted * DONE_SHARE
    rounds = [line for line in lines if not is_control(line)]
    return (
        entry.title,
        f"{entry.wanted:,} {entry.unit}",
        f"{count:,}" if is_done else f"{NOT_DONE} ({count:,})",
        f"{found(lines):,} of {entry.planted:,} {entry.control}",
        f"{_failures(entry, rounds):,}",
        _range([int(line["seed"]) for line in rounds]),
        _range([str(line["date"])[:10] for line in rounds]),
        ", ".join(f"`{commit}`" for commit in dict.fromkeys(str(one["commit"]) for one in rounds)),
        f"`make campaign NAME={name}`",
    )


def _failures(entry: Entry, rounds: Sequence[Line]) -> int:
    """The recorded failures, and of a soak also the growth in each sitting."""
    recorded = sum(len(line["failures"]) for line in rounds)
    if not entry.is_longest:
        return recorded
    sittings: dict[str, list[Sample]] = {}
    for line in rounds:
        if "descriptors" in line:
            sample = Sample(line["resident_kibibytes"], line["descriptors"])
            sittings.setdefault(str(line["sitting"]), []).append(sample)
    return recorded + sum(len(failures_of(samples)) for samples in sittings.values())


def _range(values: Sequence[str] | Sequence[int]) -> str:
    """The lowest and the highest value, or one if they are the same."""
    ends = [str(min(values)), str(max(values))] if values else []
    return " to ".join(dict.fromkeys(ends))


def soaks(folder: Path = FOLDER) -> str:
    """The longest sitting of each soak, at its start, in the middle and at its end."""
    return table(
        ("soak", "minute", "memory of each process, MiB", "descriptors of each process", "done"),
        (
            row
            for name, entry in CATALOG.items()
            if entry.is_longest
            for row in _soak_rows(name, read_results(file_of(name, folder)))
        ),
    )


def _soak_rows(name: str, lines: Sequence[Line]) -> list[tuple[str, ...]]:
    minutes: dict[str, list[Line]] = {}
    for line in lines:
        if "descriptors" in line:
            minutes.setdefault(str(line["sitting"]), []).append(line)
    longest = max(minutes.values(), key=len, default=[])
    last = len(longest) - 1
    return [
        (
            f"`{name}`",
            str(place + 1),
            ", ".join(f"{one / 1024:.1f}" for one in longest[place]["resident_kibibytes"]),
            ", ".join(map(str, longest[place]["descriptors"])),
            ", ".join(f"{times:,} {kind}" for kind, times in longest[place]["done"].items()),
        )
        for place in sorted({0, last // 4, last // 2, last})
        if longest
    ]

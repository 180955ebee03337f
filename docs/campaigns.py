"""Generates the table of the campaigns from their results."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from campaigns.catalog import CATALOG, DONE_SHARE, Entry
from campaigns.patroni.titles import CONTROL, TITLES
from campaigns.results import FOLDER, Line, file_of, found, is_control, reached, read_results
from campaigns.soak_samples import Sample, failures_of
from docs.markdown import table

COLUMNS = (
    *("campaign", "wanted", "reached", "control", "failures"),
    *("seeds", "date", "commit", "command"),
)
NOT_DONE = "not done"
LOSSES = ("rows lost", "entries missing in the journal")


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


def failovers(folder: Path = FOLDER) -> str:
    """The rounds with Patroni that could be judged, by fault. Times are medians and maxima."""
    rounds: dict[str, list[Line]] = {}
    for line in read_results(file_of("patroni", folder)):
        if line["count"]:
            name = CONTROL if is_control(line) else str(line["fault"])
            rounds.setdefault(name, []).append(line)
    return table(
        (
            *("fault", "rounds", "new primary after", "gap without an acknowledged change"),
            *("rows lost", "missing in the journal", "wrong responses"),
        ),
        (_failover_row(title, rounds[name]) for name, title in TITLES.items() if name in rounds),
    )


def _failover_row(title: str, lines: Sequence[Line]) -> tuple[str, ...]:
    losses = [sum(int(line.get(name, 0)) for line in lines) for name in LOSSES]
    wrong = sum(len(line["failures"]) for line in lines)
    times = [_times(lines, name) for name in ("new_primary_seconds", "gap_seconds")]
    return (title, str(len(lines)), *times, *(f"{count:,}" for count in (*losses, wrong)))


def _times(lines: Sequence[Line], name: str) -> str:
    seconds = [float(line[name]) for line in lines if name in line]
    return f"{median(seconds):.1f} s, at most {max(seconds):.1f} s" if seconds else "–"

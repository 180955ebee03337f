"""Campaigns go on after a kill, record what they find, and say what is not done."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from campaigns.catalog import CATALOG, is_complete
from campaigns.results import append_result, file_of, found, reached, read_results
from campaigns.sitting import Campaign, Round, main
from campaigns.soak_samples import Sample, failures_of
from docs.campaigns import NOT_DONE, campaigns
from tests.idle_campaign import UNITS, WAITING_SEED, WAITS

WAIT_SECONDS = 30
ROOT = Path(__file__).parents[1]


def idle_campaign(results: Path, **variables: str) -> "subprocess.Popen[str]":
    """A sitting of the campaign without work, in processes of its own."""
    module = [sys.executable, "-m", "tests.idle_campaign"]
    wanted = ["--wanted", str(UNITS * (WAITING_SEED + 1)), "--results", str(results)]
    environment = {**os.environ, **variables}
    return subprocess.Popen(
        [*module, *wanted], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_campaign_goes_on_after_it_was_killed(tmp_path: Path) -> None:
    with idle_campaign(tmp_path, **{WAITS: "1"}) as killed:
        assert killed.stdout
        child = next(int(line.split()[1]) for line in killed.stdout if line.startswith("child"))
        child_end = os.pidfd_open(child)
        killed.kill()
    assert select.select([child_end], [], [], WAIT_SECONDS)[0], "its server still runs"
    os.close(child_end)
    file = file_of("kill", tmp_path)
    with file.open("a") as cut_off:
        cut_off.write('{"date": "20')
    with idle_campaign(tmp_path) as resumed:
        printed, _ = resumed.communicate(timeout=WAIT_SECONDS)
    assert resumed.returncode == 0, printed
    lines = read_results(file)
    assert [line["seed"] for line in lines if not line.get("control")] == [1, 2, 3, 4]
    assert (found(lines), reached(lines)) == (30, 40)
    assert all(line["date"] and line["commit"] for line in lines)


def test_a_failure_is_recorded_with_its_seed(tmp_path: Path) -> None:
    def run(seed: int) -> Round:
        if seed == 1:
            raise AssertionError("ticket-7 was lost")
        return Round(25, ["ticket-8 was lost"] if seed == 2 else [])

    def control(_seed: int) -> Round:
        return Round(30)

    campaign = Campaign("kill", run, control)
    assert main(campaign, ["--results", str(tmp_path), "--wanted", "50"]) == 1
    _, first, second, third = read_results(file_of("kill", tmp_path))
    assert (first["seed"], first["count"], "ticket-7" in first["failures"][0]) == (1, 0, True)
    assert (second["seed"], second["failures"]) == (2, ["ticket-8 was lost"])
    assert (third["seed"], third["failures"]) == (3, [])
    assert main(campaign, ["--seed", "2"]) == 1
    assert main(campaign, ["--seed", "3"]) == 0
    assert main(campaign, ["--results", str(tmp_path), "--wanted", "50"]) == 0
    assert len(read_results(file_of("kill", tmp_path))) == 4


def test_a_campaign_is_complete_with_its_control(tmp_path: Path) -> None:
    file, entry = tmp_path / "x.jsonl", CATALOG["kill"]
    append_result(file, seed=1, count=entry.wanted, failures=[])
    assert not is_complete(entry, read_results(file))
    append_result(file, seed=1, count=entry.planted, failures=[], control=True)
    assert is_complete(entry, read_results(file))


def test_the_longest_sitting_of_a_soak_counts(tmp_path: Path) -> None:
    file = tmp_path / "soak.jsonl"
    for sitting, minutes in (("a", 3), ("b", 5), ("c", 1)):
        for _ in range(minutes):
            append_result(file, seed=1, count=1, failures=[], more={"sitting": sitting})
    assert reached(read_results(file), is_longest=True) == 5


def test_below_a_tenth_is_not_done(tmp_path: Path) -> None:
    append_result(file_of("kill", tmp_path), seed=1, count=99, failures=["x"])
    append_result(file_of("power", tmp_path), seed=1, count=30, failures=[])
    rows = {row.split(" | ")[0]: row.split(" | ") for row in campaigns(tmp_path).splitlines()}
    kill, power = (rows[f"| {CATALOG[name].title}"] for name in ("kill", "power"))
    assert (kill[2], kill[4]) == (f"{NOT_DONE} (99)", "1")
    assert (power[2], power[4]) == ("30", "0")


def samples(kibibytes_more: float = 0, descriptors_more: float = 0) -> list[Sample]:
    """Two hours in which the second process grows by so much each minute, and the first is busy."""
    return [
        Sample(
            [90_000 + minute % 7 * 500, 70_000 + int(minute * kibibytes_more)],
            [30 + minute % 5, 12 + int(minute * descriptors_more)],
        )
        for minute in range(120)
    ]


@pytest.mark.parametrize(
    ("grown", "expected"),
    [
        (samples(), []),
        (samples(kibibytes_more=200), ["process 1: memory grew"]),
        (samples(descriptors_more=0.1), ["process 1: descriptors grew"]),
        ([*samples(), Sample([90_000], [30])], ["a process of the server ended"]),
        (samples(kibibytes_more=1_000)[:20], []),
    ],
)
def test_growth_is_found(grown: list[Sample], expected: list[str]) -> None:
    seen = failures_of(grown)
    assert len(seen) == len(expected)
    assert all(text.startswith(start) for text, start in zip(seen, expected, strict=True))


def test_the_recorded_results_are_whole() -> None:
    for name in CATALOG:
        file = file_of(name)
        if file.exists():
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            assert all(line.keys() >= {"date", "seed", "commit", "count"} for line in lines)

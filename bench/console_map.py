"""`python -m bench.console_map --engine ...`: measures the seat map in a real Chromium.

It fills an event, and starts a server. A person opens the map: first when the service has not read
the seats yet, then when it has; the time is from the navigation to the first full draw. Then single
seats are unlocked and locked over HTTP; the time is from sending the request to the draw of the
change. At last it zooms the map in and out with the wheel, and measures the time between frames.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import monotonic, time
from typing import Any

from playwright.sync_api import Page
from rich.console import Console
from rich.table import Table

from bench.console import EVENT, PERSON_KEY, SETTINGS, prepare
from bench.engine import Engine
from bench.load import lock_request, run_load, unlock_request
from bench.measuring import RESULTS, machine, made_engine
from bench.serving import CREDENTIALS, running_server
from tests.browser import chromium

FIRST_DRAW = "seat-map:first-draw"
CHANGE_DRAW = "seat-map:change-draw"
MARK = "name => performance.getEntriesByName(name).map(mark => mark.startTime).pop() ?? 0"
ORIGIN = "() => performance.timeOrigin"
ZOOM = """async () => {
  const canvas = document.getElementById('canvas')
  const box = canvas.getBoundingClientRect()
  const times = []
  for (let at = 0; at < 120; at += 1) {
    canvas.dispatchEvent(new WheelEvent('wheel', {
      deltaY: at < 60 ? -60 : 60, clientX: box.left + box.width / 2, clientY: box.top + 200,
      bubbles: true, cancelable: true }))
    times.push(await new Promise(done => requestAnimationFrame(done)))
  }
  return times.slice(1).map((time, at) => time - times[at])
}"""
WAIT_SECONDS = 120


def main() -> None:
    """Measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--workers", type=int, default=2, help="of seatlatch, on PostgreSQL")
    parser.add_argument("--seats", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5, help="new servers")
    parser.add_argument("--changes", type=int, default=20, help="in each round")
    parser.add_argument("--no-results", action="store_true", help="write no file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seatlatch-bench-") as made:
        folder = Path(made)
        with made_engine(options.engine, folder, options.seats, options.workers) as engine:
            prepare(engine.url, has_sections=True)
            rounds = [
                measure(engine, folder, options.changes, number) for number in range(options.rounds)
            ]
    figures = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "engine": engine.name,
        "workers": engine.workers,
        "seats": options.seats,
        "rounds": options.rounds,
        "changes": options.changes,
        **{name: summary([value for one in rounds for value in one[name]]) for name in rounds[0]},
    }
    show(figures)
    if not options.no_results:
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-console-map-{options.engine}.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")
        sys.stderr.write(f"Figures written to {file.relative_to(Path.cwd())}\n")


def measure(engine: Engine, folder: Path, changes: int, number: int) -> dict[str, list[float]]:
    """Measure with a new server and a new browser. All times are in milliseconds."""
    with (
        running_server(engine.url, folder, engine.workers, settings=SETTINGS) as server,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        address = f"http://127.0.0.1:{server.port}"
        sign_in(page, address)
        first = [opening(page, address + EVENT)]
        again = [opening(page, address + EVENT) for _ in range(3)]
        tokens = random.Random(number).sample(sorted(engine.inventory.listed), changes // 2)
        seen = []
        for token in tokens:
            for request in (unlock_request, lock_request):
                seen.append(change(page, server.port, request([token], CREDENTIALS)))
        frames = page.evaluate(ZOOM)
    return {"first_opening": first, "later_opening": again, "change": seen, "frame": frames}


def sign_in(page: Page, address: str) -> None:
    """Sign in as a person."""
    page.goto(address + "/console/sign-in")
    page.fill("input[name=key]", PERSON_KEY)
    page.click("form:has(input[name=key]) button")
    page.wait_for_url(lambda url: "sign-in" not in url)


def opening(page: Page, address: str) -> float:
    """Open the map; the milliseconds until its first full draw."""
    page.goto(address)
    return until(page, lambda: mark(page, FIRST_DRAW))


def change(page: Page, port: int, request: bytes) -> float:
    """Change a seat; the milliseconds from sending the request until the map shows it."""
    before = mark(page, CHANGE_DRAW)
    page.wait_for_timeout(random.Random(request).uniform(0, 1_500))
    began = time()
    load = run_load(port, [request], 1, 1)
    assert set(load.statuses) == {b"200"}, load.statuses
    until(page, lambda: mark(page, CHANGE_DRAW) != before)
    drawn = float(page.evaluate(ORIGIN)) + mark(page, CHANGE_DRAW)
    return drawn - began * 1000


def mark(page: Page, name: str) -> float:
    """The time of the latest mark of this name; 0 = there is none."""
    return float(page.evaluate(MARK, name))


def until(page: Page, condition: Callable[[], Any]) -> float:
    """The first true value of a condition."""
    deadline = monotonic() + WAIT_SECONDS
    while not (value := condition()):
        assert monotonic() < deadline
        page.wait_for_timeout(10)
    return float(value)


def summary(milliseconds: Sequence[float]) -> dict[str, float]:
    """The median, the 95th percentile and the longest of some times."""
    ranked = sorted(milliseconds)
    return {
        "median_ms": round(median(ranked), 1),
        "p95_ms": round(ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))], 1),
        "longest_ms": round(ranked[-1], 1),
    }


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    title = f"{figures['machine']}, {figures['seats']:,} seats, {figures['engine']}"
    table = Table("measured", "median ms", "p95 ms", "longest ms", title=title)
    for name in ("first_opening", "later_opening", "change", "frame"):
        table.add_row(name.replace("_", " "), *(str(value) for value in figures[name].values()))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()

"""The chart of requests a second has a bar for each way, as long as its figure says."""

from typing import Any
from xml.etree import ElementTree

from bench.tables import BASELINE, OURS, PEER
from docs.chart import CLASSES, svg

SVG = "{http://www.w3.org/2000/svg}"


def result(engine: str, rates: dict[str, int]) -> dict[str, Any]:
    ways = {name: {"per_second": rate} for name, rate in rates.items()}
    sizes = [{"tokens": 1, "ways": ways}]
    return {"engine": engine, "workers": 2, "peer": "P & Q", "baseline": "bare", "sizes": sizes}


def test_the_bars_are_to_scale() -> None:
    drawing = svg(
        [
            result("One", {OURS: 2000, PEER: 1000, BASELINE: 500}),
            result("Other", {OURS: 300, PEER: 300, BASELINE: 600}),
        ]
    )
    root = parsed(drawing)
    lengths = {
        name: [int(bar.get("width", "")) for bar in root.iter(f"{SVG}rect") if is_a(bar, name)]
        for name in CLASSES
    }
    ours, peer, baseline = (lengths[name] for name in (OURS, PEER, BASELINE))
    assert abs(ours[0] - 2 * peer[0]) <= 1
    assert abs(ours[0] - 4 * baseline[0]) <= 2
    assert ours[1] == peer[1]
    assert baseline[1] == ours[0]


def test_every_figure_is_written() -> None:
    drawing = svg([result("One", {OURS: 2000, PEER: 1000, BASELINE: 500})])
    texts = [text.text for text in parsed(drawing).iter(f"{SVG}text")]
    assert {"One, 2 workers each", "P & Q", "2,000", "1,000", "500"} <= set(texts)


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)  # noqa: S314 - our own


def is_a(bar: ElementTree.Element, name: str) -> bool:
    return bar.get("class") == CLASSES[name]

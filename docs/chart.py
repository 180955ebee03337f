"""Draws the requests a second of each way as an SVG of bars. Touches no file but the results."""

from collections.abc import Iterator, Sequence
from html import escape

from bench.tables import BASELINE, OURS, PEER, way_name
from docs.performance import Result, newest_changes

WIDTH, MARGIN = 880, 24
PANEL_WIDTH = (WIDTH - 3 * MARGIN) // 2
LABEL_WIDTH, FIGURE_WIDTH = 148, 62
BAR_HEIGHT, BAR_STEP = 18, 23
TITLE_HEIGHT, PANEL_TITLE_HEIGHT, GROUP_TITLE_HEIGHT, GROUP_GAP = 66, 30, 24, 14

LIGHT = {"page": "#ffffff", "text": "#1c2733", "small": "#55626f", "ours": "#1f6fb2"}
DARK = {"page": "#10171e", "text": "#e6edf3", "small": "#9aa7b4", "ours": "#58a6ff"}
LIGHT_OTHERS = {"peer": "#c9812f", "baseline": "#9aa3ab"}
DARK_OTHERS = {"peer": "#e0a458", "baseline": "#6b7681"}

WAYS = (OURS, PEER, BASELINE)
CLASSES = {OURS: "ours", PEER: "peer", BASELINE: "baseline"}
TITLE = "Requests a second that lock or unlock tickets"
SUBTITLE = "Durable before the response. Longer is faster; each group has its own scale."


def chart() -> str:
    """The chart of the newest results."""
    return svg(list(newest_changes().values()))


def svg(results: Sequence[Result]) -> str:
    """The chart, with a panel for each result."""
    groups = max((len(result["sizes"]) for result in results), default=0)
    group_height = GROUP_TITLE_HEIGHT + len(WAYS) * BAR_STEP + GROUP_GAP
    height = MARGIN + TITLE_HEIGHT + PANEL_TITLE_HEIGHT + groups * group_height + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img">',
        f"<title>{TITLE}: seatlatch, a small service, and the bare database</title>",
        f"<style>\n{_style()}\n</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
        _text(MARGIN, MARGIN + 16, TITLE, "title"),
        _text(MARGIN, MARGIN + 38, SUBTITLE, "small"),
    ]
    for number, result in enumerate(results):
        lines += _panel(result, MARGIN + number * (PANEL_WIDTH + MARGIN), group_height)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _style() -> str:
    """The colours, light and dark, of the classes."""
    rules = ["text { font: 13px system-ui, sans-serif; }", ".title { font-size: 17px; }"]
    rules.append(".title, .panel, .group { font-weight: 600; } .small { font-size: 12px; }")
    dark = _colours(DARK | DARK_OTHERS)
    return "\n".join(
        [
            *rules,
            *_colours(LIGHT | LIGHT_OTHERS),
            "@media (prefers-color-scheme: dark) {",
            *dark,
            "}",
        ]
    )


def _colours(colours: dict[str, str]) -> list[str]:
    return [
        f"{name if name == 'text' else '.' + name} {{ fill: {colour}; }}"
        for name, colour in colours.items()
    ]


def _panel(result: Result, left: int, group_height: int) -> Iterator[str]:
    """The groups of one engine, one below the other."""
    top = MARGIN + TITLE_HEIGHT
    workers = "1 process" if result["workers"] == 1 else f"{result['workers']} workers each"
    yield _text(left, top + 14, f"{result['engine']}, {workers}", "panel")
    for number, size in enumerate(result["sizes"]):
        yield from _group(result, size, left, top + PANEL_TITLE_HEIGHT + number * group_height)


def _group(result: Result, size: Result, left: int, top: int) -> Iterator[str]:
    """The bars of one request size, with their figures."""
    tickets = "1 ticket" if size["tokens"] == 1 else f"{size['tokens']} tickets"
    yield _text(left, top + 14, f"{tickets} a request", "group")
    rates = {name: size["ways"][name]["per_second"] for name in WAYS}
    longest = PANEL_WIDTH - LABEL_WIDTH - FIGURE_WIDTH
    for number, name in enumerate(WAYS):
        y = top + GROUP_TITLE_HEIGHT + number * BAR_STEP
        length = max(1, round(longest * rates[name] / max(rates.values())))
        start = left + LABEL_WIDTH
        label = way_name(name, result) + (" (no HTTP)" if name == BASELINE else "")
        yield _text(left, y + 13, label, "label")
        yield (
            f'<rect class="{CLASSES[name]}" x="{start}" y="{y}" width="{length}" '
            f'height="{BAR_HEIGHT}" rx="2"/>'
        )
        yield _text(start + length + 6, y + 13, f"{rates[name]:,}", "figure")


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'

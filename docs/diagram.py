"""Draws the packages as an SVG: each box above the boxes that it imports. Touches no file."""

from collections.abc import Iterable
from html import escape
from textwrap import fill
from typing import NamedTuple

from docs.packages import Graph, foundations, imports, layered, reduced

BOX_WIDTH, BOX_HEIGHT = 132, 30
COLUMN_WIDTH, ROW_HEIGHT = 160, 62
MARGIN = 24
SWEEPS = 8
"""How many times the boxes of each row are sorted by their neighbours. More sweeps do not change
the picture."""

LINE_HEIGHT = 18

STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1c2733; text-anchor: middle; }
.small { font-size: 12px; fill: #44525f; }
.page { fill: #ffffff; }
.box { fill: #eaf2fb; stroke: #3b6ea5; }
.base { fill: #f3f3ef; stroke: #8a8a80; }
path { fill: none; stroke: #5b6b7a; stroke-width: 1.3; }"""

Edge = tuple[str, str]
Point = tuple[int, int]


class Layout(NamedTuple):
    """The rows of names from top to bottom, and the edges between one row and the next.

    A name that is not in the graph is a bend of an arrow that crosses the row.
    """

    rows: list[list[str]]
    edges: list[Edge]


def ranks(graph: Graph) -> dict[str, int]:
    """The row of each box, counted from the bottom: one above the highest box that it imports."""
    found: dict[str, int] = {}
    while len(found) < len(graph):
        for name, targets in graph.items():
            if name not in found and targets <= found.keys():
                found[name] = max((found[target] + 1 for target in targets), default=0)
    return found


def lay_out(graph: Graph) -> Layout:
    """Assign each box a row and a position in it, so that few arrows cross."""
    rank = ranks(graph)
    top = max(rank.values())
    for name in sorted(graph):  # a box that imports nothing stands just below its importers
        above = [rank[other] for other in graph if name in graph[other]]
        if not graph[name] and above:
            rank[name] = min(above) - 1
    rows: list[list[str]] = [[] for _ in range(top + 1)]
    for name in sorted(graph):
        rows[top - rank[name]].append(name)
    edges: list[Edge] = []
    for name in sorted(graph):
        for target in sorted(graph[name]):
            last = name
            for between in range(rank[name] - 1, rank[target], -1):
                bend = f"{name}>{target}@{between}"
                rows[top - between].append(bend)
                edges.append((last, bend))
                last = bend
            edges.append((last, target))
    for sweep in range(SWEEPS):
        _sort_rows(rows, edges, downward=sweep % 2 == 0)
    return Layout(rows, edges)


def _sort_rows(rows: list[list[str]], edges: Iterable[Edge], *, downward: bool) -> None:
    """Sort each row by the mean position of its neighbours in the row before."""
    neighbours: dict[str, list[str]] = {}
    for above, below in edges:
        one, other = (below, above) if downward else (above, below)
        neighbours.setdefault(one, []).append(other)
    place: dict[str, float] = {}
    for row in rows if downward else reversed(rows):
        middle = (len(row) - 1) / 2
        at = {name: number - middle for number, name in enumerate(row)}
        means = {
            name: sum(place[n] for n in near) / len(near)
            if (near := neighbours.get(name))
            else at[name]
            for name in row
        }
        row.sort(key=lambda name: (means[name], name))
        place |= {name: number - middle for number, name in enumerate(row)}


def drawing() -> str:
    """The diagram of the current packages."""
    everything = imports()
    graph = reduced(layered(everything))
    return svg(graph, sorted(foundations(everything)))


def svg(graph: Graph, base: list[str]) -> str:
    """The diagram of a graph above the box of its foundations."""
    rows, edges = lay_out(graph)
    width = max(len(row) for row in rows) * COLUMN_WIDTH + 2 * MARGIN
    at = {
        name: (
            round(width / 2 + (number - (len(row) - 1) / 2) * COLUMN_WIDTH),
            MARGIN + BOX_HEIGHT // 2 + level * ROW_HEIGHT,
        )
        for level, row in enumerate(rows)
        for number, name in enumerate(row)
    }
    at = _straightened(at, rows, width // 2)
    below = MARGIN + len(rows) * ROW_HEIGHT
    lines = ["Foundations, for any box above domain:", *_wrapped(base, (width - 4 * MARGIN) // 7)]
    height = below + len(lines) * LINE_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        "<title>The packages of seatlatch and what they import</title>",
        f"<style>\n{STYLE}\n</style>",
        '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><polygon points="0,0 8,4 0,8" fill="#5b6b7a"/></marker>',
        f'<rect class="page" width="{width}" height="{height}" rx="8"/>',
        *(_arrow(at, edge, graph) for edge in edges),
        *(_box(name, at[name]) for row in rows for name in row if name in graph),
        f'<rect class="base" x="{MARGIN}" y="{below}" width="{width - 2 * MARGIN}" '
        f'height="{len(lines) * LINE_HEIGHT + MARGIN}" rx="5"/>',
        *(
            f'<text class="small" x="{width // 2}" y="{below + 26 + number * LINE_HEIGHT}">'
            f"{escape(line)}</text>"
            for number, line in enumerate(lines)
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _straightened(at: dict[str, Point], rows: list[list[str]], center: int) -> dict[str, Point]:
    """The places with all bends of an arrow on one vertical line, if no box is in its way."""
    arrows: dict[str, list[str]] = {}
    for name in at:
        if "@" in name:
            arrows.setdefault(name.partition("@")[0], []).append(name)
    straight = dict(at)
    for bends in arrows.values():
        x = max((at[bend][0] for bend in bends), key=lambda place: abs(place - center))
        others = (name for row in rows if not set(bends).isdisjoint(row) for name in row)
        if all(abs(straight[name][0] - x) > BOX_WIDTH // 2 for name in others if name not in bends):
            straight |= {bend: (x, at[bend][1]) for bend in bends}
    return straight


def _box(name: str, center: Point) -> str:
    x, y = center
    return (
        f'<rect class="box" x="{x - BOX_WIDTH // 2}" y="{y - BOX_HEIGHT // 2}" '
        f'width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5"/>'
        f'<text x="{x}" y="{y + 5}">{escape(name)}</text>'
    )


def _arrow(at: dict[str, Point], edge: Edge, graph: Graph) -> str:
    """One arrow, or a part of it that ends at a bend."""
    above, below = edge
    (x1, y1), (x2, y2) = at[above], at[below]
    y1 += BOX_HEIGHT // 2 if above in graph else 0
    y2 -= BOX_HEIGHT // 2 if below in graph else 0
    middle = (y1 + y2) // 2
    tip = ' marker-end="url(#tip)"' if below in graph else ""
    return f'<path d="M{x1},{y1} C{x1},{middle} {x2},{middle} {x2},{y2}"{tip}/>'


def _wrapped(names: Iterable[str], characters: int) -> list[str]:
    """The names in lines of at most this many characters."""
    return fill(", ".join(names), characters).split("\n")

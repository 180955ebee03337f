"""Reads the packages of the service and their imports from the source without running it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from docs.markdown import table

SOURCE = Path(__file__).parent.parent / "src" / "seatlatch"
SPLIT = "store"
"""The package whose subpackages are separate boxes: the engines must not import each other."""

FOUNDATIONS = "foundations"
"""The box of all top-level modules that import only each other and the domain."""

Graph = Mapping[str, frozenset[str]]
"""The imports of each box, by name."""


def modules() -> Iterator[Path]:
    """Yield every module of the service, relative to its package."""
    return (file.relative_to(SOURCE) for file in sorted(SOURCE.rglob("*.py")))


def packages() -> list[str]:
    """Every package at any depth, as `store/sqlite`."""
    return [
        module.parent.as_posix()
        for module in modules()
        if module.name == "__init__.py" and module.parent != Path()
    ]


def box_of(dotted: str) -> str:
    """The box of a module by its dotted name without `seatlatch.`: a package or a module."""
    first, *rest = dotted.split(".")
    if first == "__main__":
        return "cli"
    is_split = first == SPLIT and rest and (SOURCE / first / rest[0] / "__init__.py").exists()
    return f"{first}/{rest[0]}" if is_split else first


def imports() -> Graph:
    """The imports between the packages and top-level modules."""
    found: dict[str, set[str]] = {}
    for module in modules():
        dotted = ".".join(module.with_suffix("").parts).removesuffix(".__init__")
        if dotted == "__init__":
            continue
        box = box_of(dotted)
        targets = found.setdefault(box, set())
        targets |= {box_of(name) for name in imported(SOURCE / module)} - {box, "__version__"}
    return {name: frozenset(targets) for name, targets in found.items()}


def imported(file: Path) -> Iterator[str]:
    """Yield the service's modules that a module imports, as dotted names without `seatlatch.`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            is_root = node.module == "seatlatch"
            names = [f"{node.module}.{a.name}" for a in node.names] if is_root else [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (
            name.removeprefix("seatlatch.") for name in names if name.startswith("seatlatch.")
        )


def foundations(graph: Graph) -> frozenset[str]:
    """The top-level modules that import only each other and the domain."""
    found = {name for name in graph if (SOURCE / name).with_suffix(".py").exists()}
    while True:
        kept = {name for name in found if graph[name] <= found | {"domain"}}
        if kept == found:
            return frozenset(found)
        found = kept


def layered(graph: Graph) -> Graph:
    """The graph without the foundations, which any box may import."""
    base = foundations(graph)
    return {name: graph[name] - base for name in graph if name not in base}


def reduced(graph: Graph) -> Graph:
    """The graph without the arrows that follow from other arrows."""
    return {
        name: frozenset(
            target
            for target in targets
            if not any(target in reachable(graph, other) for other in targets - {target})
        )
        for name, targets in graph.items()
    }


def reachable(graph: Graph, start: str) -> set[str]:
    """Every box that a box imports, directly or indirectly."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in graph[waiting.pop()] - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def sentence(file: Path) -> str:
    """The first sentence of a module's docstring."""
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split())


def package_table() -> str:
    """Every package and top-level module with the first sentence of its docstring."""
    described = {f"{name}/": SOURCE / name / "__init__.py" for name in packages()}
    described |= {
        module.name: SOURCE / module
        for module in modules()
        if len(module.parts) == 1 and not module.name.startswith("__")
    }
    rows = ((f"`{name}`", sentence(file)) for name, file in described.items())
    return table(("Package or module", "What it does"), rows)

"""Keeps secrets out of `repr`, and so out of logs, tracebacks and messages."""

from collections.abc import Callable
from typing import Any, TypeVar

Kind = TypeVar("Kind")

HIDDEN = "***"


def hides(*fields: str) -> Callable[[type[Kind]], type[Kind]]:
    """A decorator for a named tuple or struct: its `repr` shows `***` for these fields.

    None is shown as None: it is not a secret, and often the cause of a problem.
    """

    def decorate(kind: type[Kind]) -> type[Kind]:
        names = _field_names(kind)
        unknown = set(fields) - set(names)
        if unknown:
            raise TypeError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")

        def represent(self: Any) -> str:
            values = ((name, getattr(self, name)) for name in names)
            shown = (
                f"{name}={HIDDEN if name in fields and value is not None else repr(value)}"
                for name, value in values
            )
            return f"{kind.__name__}({', '.join(shown)})"

        kind.__repr__ = represent  # type: ignore[method-assign]
        return kind

    return decorate


def _field_names(kind: type) -> tuple[str, ...]:
    names: tuple[str, ...] = getattr(kind, "_fields", ()) or getattr(kind, "__struct_fields__", ())
    return names

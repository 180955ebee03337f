"""No secret shows in the `repr` of anything that holds one."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import seatlatch
from seatlatch.auth.authenticate import PresentedCredentials
from seatlatch.secrecy import hides
from tests.cases import all_cases

SECRET = re.compile(r"(^|_)(secret|password|api_keys?|(access|refresh)_token|database_url)$")
HASHED = {"Application"}
"""These hold hashes of secrets."""

CODES = {"TokenRequest": "code", "IssuedCode": "code", "Address": "given"}
"""Fields that hold a secret under a name that others use for something public."""

PUBLIC = {
    ("ApplicationEntry", "api_keys"),
    ("ShownApplication", "api_keys"),
    ("Setting", "secret"),
}
"""What the operator is shown of API keys (when they end), and whether a setting is a secret."""


def fields_of(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a named tuple or struct; none for other types."""
    return getattr(kind, "_fields", ()) or getattr(kind, "__struct_fields__", ())


def is_secret(kind: type[Any], name: str) -> bool:
    """Whether a field holds a secret, by its name."""
    if kind.__name__ in HASHED or (kind.__name__, name) in PUBLIC:
        return False
    return bool(SECRET.search(name)) or CODES.get(kind.__name__) == name


def holders() -> Iterator[tuple[type[Any], str]]:
    """Every type with each field that holds a secret. The client has a test of its own."""
    for module in pkgutil.walk_packages(seatlatch.__path__, "seatlatch."):
        if module.name.endswith("__main__") or module.name.startswith("seatlatch.client"):
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and kind.__module__ == module.name:
                yield from ((kind, name) for name in fields_of(kind) if is_secret(kind, name))


def made(kind: type[Any], name: str, value: Any) -> Any:
    """One whose field has a value; what the others hold does not matter here."""
    return kind(**{field: value if field == name else None for field in fields_of(kind)})


@all_cases(("kind", "name"), list(holders()))
@all_cases("value", ["s3cr3t", b"s3cr3t", {"password": "s3cr3t"}])
def test_a_secret_is_not_shown(kind: type[Any], name: str, value: Any) -> None:
    one = made(kind, name, value)
    assert "s3cr3t" not in f"{one!r} {one} {[one]}"
    assert f"{name}=" in repr(one)


def test_holders_are_found() -> None:
    assert (PresentedCredentials, "api_key") in list(holders())


def test_what_is_no_secret_is_shown() -> None:
    shown = repr(PresentedCredentials("com.example", b"s3cr3t", None, "resale"))
    assert shown == (
        "PresentedCredentials(application_id='com.example', api_key=***, access_token=None,"
        " channel_code='resale')"
    )


def test_a_field_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(TypeError, match="no field nothing"):
        hides("nothing")(PresentedCredentials)

"""`seatlatch operator`: the ticketing systems and people that act for the box office."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from seatlatch.cli.access import change
from seatlatch.cli.options import AsJson, Author, Database, group, settings_for
from seatlatch.cli.output import SHOWN_ONCE, for_people, in_columns, print_result
from seatlatch.domain.operator import Operator, Role
from seatlatch.domain.timestamp import read_timestamp
from seatlatch.operations.operators import (
    OVERLAP_SECONDS_MAX,
    IssuedOperatorKey,
    add_operator,
    change_operator,
    revoke_operator,
    rotate_operator_key,
)
from seatlatch.store.access import KeyEntry, OperatorEntry
from seatlatch.wiring import look

operators = group("Operators: ticketing systems and people that act for the box office.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name, without spaces.")]
RoleOption = Annotated[
    Role, typer.Option("--role", metavar="ROLE", help="read, support, box_office or admin.")
]
Organizations = Annotated[
    list[str] | None,
    typer.Option(
        "--org",
        metavar="ORG_ID",
        help="An organization that it may see. May be repeated. [default: all]",
    ),
]
OtherRole = Annotated[
    Role | None,
    typer.Option(
        "--role", metavar="ROLE", help="read, support, box_office or admin. [default: unchanged]"
    ),
]
OtherOrganizations = Annotated[
    list[str] | None,
    typer.Option(
        "--org",
        metavar="ORG_ID",
        help="An organization that it may see. May be repeated. [default: unchanged]",
    ),
]
AllOrganizations = Annotated[bool, typer.Option("--all-orgs", help="It may see all organizations.")]
Expires = Annotated[
    str | None,
    typer.Option(
        "--expires", metavar="TIMESTAMP", help="When the key ends. [default: until revoked]"
    ),
]
Overlap = Annotated[
    int,
    typer.Option(
        "--overlap",
        metavar="SECONDS",
        min=0,
        max=OVERLAP_SECONDS_MAX,
        help="How long the old keys stay valid.",
    ),
]


@operators.command(epilog="Example: seatlatch operator add ticketing-system --role box_office")
def add(
    name: Name,
    role: RoleOption = Role.BOX_OFFICE,
    org: Organizations = None,
    expires: Expires = None,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Add an operator. Prints its key, only this once."""
    end = _end(expires)
    issued = change(settings_for(database, author), add_operator, name, role, org or (), end)
    operator = Operator(name, role, frozenset(org) if org else None)
    lines = [
        f"Added the operator {name} with the role {role}, for {_organizations(operator)}.",
        *_key_lines(issued),
    ]
    document = {"name": name, "operatorKey": issued.operator_key, **_document(operator)}
    document["expiresAt"] = issued.expires_at
    print_result(as_json, document, lines, secret=True)


@operators.command("change", epilog="Example: seatlatch operator change anna --role support")
def change_one(
    name: Name,
    role: OtherRole = None,
    org: OtherOrganizations = None,
    all_organizations: AllOrganizations = False,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Give an operator another role or other organizations. Its keys stay valid."""
    if (all_organizations and org) or not (role or org or all_organizations):
        raise typer.BadParameter("Use --role, and either --org or --all-orgs, or one of them.")
    limits = () if all_organizations else org or None
    operator = change(settings_for(database, author), change_operator, name, role, limits)
    line = f"{name} has the role {operator.role} now, for {_organizations(operator)}."
    print_result(as_json, _document(operator), [line])


@operators.command(epilog="Example: seatlatch operator rotate-key ticketing-system")
def rotate_key(
    name: Name,
    overlap: Overlap = 86_400,
    expires: Expires = None,
    author: Author = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Give an operator a new key. Prints it, only this once."""
    end = _end(expires)
    issued = change(settings_for(database, author), rotate_operator_key, name, overlap, end)
    lines = [f"{name} has a new key.", *_key_lines(issued)]
    if issued.old_keys_end:
        lines.insert(1, f"Its old keys end at {for_people(issued.old_keys_end)}.")
    document = {
        "name": name,
        "operatorKey": issued.operator_key,
        "expiresAt": issued.expires_at,
        "oldKeysEnd": issued.old_keys_end,
    }
    print_result(as_json, document, lines, secret=True)


@operators.command("list", epilog="Example: seatlatch operator list")
def list_all(database: Database = None, as_json: AsJson = False) -> None:
    """List all operators with their roles and keys."""
    database_url = settings_for(database).database_url
    found = look(database_url, lambda snapshot: snapshot.access.operators())
    document = {
        "operators": [
            _document(operator) | {"keys": [_key_entry(key) for key in keys]}
            for operator, keys in found
        ]
    }
    nothing = ["There is no operator yet. Add one with `seatlatch operator add`."]
    lines = in_columns(row for one in found for row in _rows(one)) if found else nothing
    print_result(as_json, document, lines, changed=False)


@operators.command(epilog="Example: seatlatch operator revoke ticketing-system")
def revoke(
    name: Name, author: Author = None, database: Database = None, as_json: AsJson = False
) -> None:
    """Remove an operator. Its keys end at once."""
    change(settings_for(database, author), revoke_operator, name)
    print_result(as_json, {"name": name}, [f"Revoked {name}: its keys are no longer valid."])


def _end(expires: str | None) -> datetime | None:
    return None if expires is None else read_timestamp("expiry", expires)


def _organizations(operator: Operator) -> str:
    limits = operator.organizations
    return "all organizations" if limits is None else ", ".join(sorted(limits))


def _document(operator: Operator) -> dict[str, Any]:
    limits = operator.organizations
    organizations = None if limits is None else sorted(limits)
    return {"name": operator.name, "role": operator.role, "organizations": organizations}


def _key_lines(issued: IssuedOperatorKey) -> list[str]:
    end = f"It ends at {for_people(issued.expires_at)}." if issued.expires_at else "It has no end."
    return [f"Operator key: {issued.operator_key}", end, SHOWN_ONCE]


def _key_entry(key: KeyEntry) -> dict[str, Any]:
    return {
        "keyId": key.key_id,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "lastUsedAt": key.last_used_at,
    }


def _rows(entry: OperatorEntry) -> Iterator[tuple[str, ...]]:
    """A row for each key; the operator is only in the first."""
    operator, keys = entry
    about = (operator.name, str(operator.role), _organizations(operator))
    for key in keys:
        end = f"ends {for_people(key.expires_at)}" if key.expires_at else "no end"
        used = f"last used {for_people(key.last_used_at)}" if key.last_used_at else "never used"
        yield (*about, f"key {key.key_id}", end, used)
        about = ("", "", "")
    if not keys:
        yield (*about, "no key", "", "")

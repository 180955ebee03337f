"""Responses that list tickets or other things, each with its own outcome: their schemas.

Source: the contract's table of HTTP status, for responses that list tickets.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from seatlatch.openapi.problems import NONE_SUCCEEDED_NAME
from seatlatch.openapi.schemas import Schema, reference_to
from seatlatch.operator_api.schemas import DryRun
from seatlatch.presentation.schemas import FailedTicket, TicketResults

IN_207_ONLY = "In a 207 only, for clients that decode it with the schema of 200. "
"""Generated clients for Go, Java and Kotlin decode every 2xx with the schema of the first one."""


class TicketList(NamedTuple):
    """A response that lists tickets or other things; `plural` is the name of a list of its entries.

    `noun`: the word for one of the things. `failed`: the type of an entry that failed. `by_filter`:
    the request may have a filter in place of tokens, so the response may be that of a dry run, or a
    conflict with it.
    """

    row: Any
    plural: str
    noun: str = "ticket"
    failed: Any = FailedTicket
    by_filter: bool = False

    @property
    def is_of_tickets(self) -> bool:
        """Whether it lists tickets, which can be locked."""
        return self.failed is FailedTicket

    @property
    def none_succeeded(self) -> str:
        """The name of the body for a request in which nothing succeeded."""
        return NONE_SUCCEEDED_NAME if self.is_of_tickets else f"NoneOf{self.plural}"


def results_schema_name(response: TicketList) -> str:
    """The name that msgspec gives to the schema of `TicketResults` with these entries."""
    return f"{TicketResults.__name__}_{response.row.__name__}_"


def list_schemas(response: TicketList, bodies: Mapping[str, Schema]) -> dict[str, Schema]:
    """The schemas of 200 and 207, made from the schema of `TicketResults`."""
    members = bodies[results_schema_name(response)]["properties"]
    noun = response.noun
    success, failure = (
        {**member, "minItems": 1, "description": member["description"].replace("ticket", noun)}
        for member in (members["success"], members["failure"])
    )
    failure["items"] = reference_to(response.failed.__name__)
    in_200 = {**failure, "description": IN_207_ONLY + failure["description"]}
    all_succeeded = {
        "description": f"Every {noun} succeeded.",
        "type": "object",
        "properties": {"success": success, "failure": in_200},
        "required": ["success"],
    }
    return {
        response.plural: _or_dry_run(all_succeeded, bodies)
        if response.by_filter
        else all_succeeded,
        f"Some{response.plural}": {
            "description": f"Some {noun}s succeeded, and some failed.",
            "type": "object",
            "properties": {"success": success, "failure": failure},
            "required": ["success", "failure"],
        },
    }


def _or_dry_run(all_succeeded: Schema, bodies: Mapping[str, Schema]) -> Schema:
    """The schema of 200 if the request may have a filter, which may match no ticket: one schema for
    both responses, since many client generators do not support alternatives.
    """
    members = all_succeeded["properties"]
    success = {key: value for key, value in members["success"].items() if key != "minItems"}
    return {
        "description": "Every ticket succeeded; or the response to a dry run, which has `count`"
        " and `confirmation`.",
        "type": "object",
        "properties": {**members, "success": success, **bodies[DryRun.__name__]["properties"]},
    }

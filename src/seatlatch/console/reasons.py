"""The reason that a person gives for a change of tickets."""

from typing import Any

from seatlatch.console.viewer import Viewer
from seatlatch.domain.label import label_problem
from seatlatch.domain.refusal import InvalidRequest
from seatlatch.http.routes import Call


def reason_of(call: Call[Viewer, Any]) -> str:
    """The field `reason` of the form, also for the log. Raises `InvalidRequest`."""
    reason: str = call.input.reason
    if problem := label_problem(reason):
        raise InvalidRequest(f"The reason {problem}. Give one of 1 to 200 characters.")
    call.context.reason = reason
    return reason

"""The reason of a change of tickets: the same rules in each form."""

import pytest

from tests.console.console_client import Console
from tests.console.people import ADMIN
from tests.console.seats import EVENT, add_seats
from tests.serving import CHANNEL, Served

FORMS = {
    "/console/tickets/map-1/unlock": {},
    f"{EVENT}/unlock": {"tickets": "1 map-1"},
    f"/console/channels/{CHANNEL}/unlock-all": {"confirmed": CHANNEL},
}
PROBLEMS = {
    " ": "The reason must not be empty. Give one of 1 to 200 characters.",
    "a\nb": "The reason contains a control character",
    "x" * 201: "The reason is longer than 200 characters. Give one",
}


@pytest.mark.parametrize("path", FORMS)
def test_a_reason_that_cannot_be_stored_is_refused(served: Served, path: str) -> None:
    add_seats(served)
    console = Console(served, ADMIN)
    for reason, problem in PROBLEMS.items():
        refused = console.post(path, **FORMS[path], reason=reason)
        assert (refused.status_code, problem in refused.text) == (422, True), refused.text
    assert console.post(path, **FORMS[path], reason="Sold twice").status_code == 200

"""The first page: its counters, charts, and what needs attention, as each person may see it."""

import re
from html import unescape

import pytest

from seatlatch.domain.operator import Role
from seatlatch.domain.webhook import Webhook
from seatlatch.store.interface import Transaction
from seatlatch.store.tickets import NewTicket
from tests.console.console_client import Console
from tests.console.people import ADMIN, READ, SCOPES, key_of
from tests.serving import (
    CHANNEL,
    FOREIGN_ORGANIZATION,
    ORGANIZATION,
    OWNER,
    Served,
    add_tickets,
)
from tests.stores import opened
from tests.waiting import until

HOME = "/console"
COUNTERS = HOME + "/home/counters"
CHARTS = HOME + "/home/charts"
ATTENTION = HOME + "/home/attention"
HOLDS = f"2 tickets of no event, organization {ORGANIZATION} : held without an end."
FOREIGN_HOLDS = f"1 ticket of no event, organization {FOREIGN_ORGANIZATION} : held without an end."


def text_of(page: str) -> str:
    """What a person reads in a page or a part of one."""
    return " ".join(unescape(re.sub("<[^>]*>", " ", page)).split())


def attention(console: Console) -> str:
    """What needs attention, after holds and locks were counted."""
    return until(lambda: text if "Holds and locks counted" in (text := seen(console)) else "")


def seen(console: Console, path: str = ATTENTION) -> str:
    page = console.get(path)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    return text_of(page.text)


def counter(console: Console, name: str) -> str:
    found = re.search(f'id="now-{name}"[^>]*>([^<]*)<', console.get(COUNTERS).text)
    assert found
    return found[1]


@pytest.mark.parametrize("role", Role)
def test_every_role_sees_the_page(served: Served, role: Role) -> None:
    console = Console(served, key_of(role))
    text = text_of(console.get(HOME).text)
    assert "Needs attention" in text and "Traffic of the last hour" in text
    assert HOLDS in attention(console) and FOREIGN_HOLDS in attention(console)
    verified = "The journal has not been verified for a day. Last verified: never."
    assert verified in attention(console)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_person_sees_their_own_organizations(served: Served, scope: str) -> None:
    text = attention(Console(served, key_of(Role.ADMIN, scope)))
    assert (HOLDS in text) == (scope != "outside")
    assert (FOREIGN_HOLDS in text) == (scope != "inside")
    assert ("journal" in text) == (scope == "all")


@pytest.mark.parametrize("path", [HOME, COUNTERS, CHARTS, ATTENTION])
def test_nobody_sees_it_without_signing_in(served: Served, path: str) -> None:
    page = Console(served, None).get(path)
    assert page.status_code in (303, 401)
    assert ORGANIZATION not in page.text


def test_the_counters_count_the_requests_of_the_interfaces(served: Served) -> None:
    console = Console(served, READ)
    served.unlock("listed-1")
    served.unlock("locked")
    served.unlock("unknown")
    assert until(lambda: counter(console, "conflicts") == "1")
    assert (counter(console, "failures"), counter(console, "unavailable")) == ("1", "0")
    assert float(counter(console, "requests")) > 0
    assert counter(console, "commits").endswith(("ms", "s"))
    assert (counter(console, "waiting"), counter(console, "lag")) == ("0", "0 s")


def test_the_charts_have_a_text_and_a_table(served: Served) -> None:
    page = Console(served, READ).get(CHARTS).text
    assert page.count("<svg") == page.count("<title>") == page.count("<desc ") == 7
    assert "style=" not in page
    assert "The server has just started" in text_of(page)


def test_names_are_escaped(served: Served) -> None:
    ticket = NewTicket("xss", ORGANIZATION, OWNER, "<script>", seat_status="LOCK")
    add_tickets(served.database, [ticket])
    page = Console(served, READ)
    assert "1 ticket of <script>" in attention(page)
    assert "<script" not in page.get(ATTENTION).text


def test_a_long_list_ends_with_a_sum(served: Served) -> None:
    tickets = [
        NewTicket(f"held-{n}", ORGANIZATION, OWNER, f"GAME-{n}", seat_status="LOCK")
        for n in range(12)
    ]
    add_tickets(served.database, tickets)
    assert "and 4 more, with 4 tickets" in attention(Console(served, READ))


async def add_failing(transaction: Transaction) -> None:
    """A webhook that fails, and tickets of a channel that lost its grant."""
    now = await transaction.now()
    hook = Webhook("wh_1", CHANNEL, "https://example.com/?key=secret", False, now, "whsec_a", {})
    await transaction.webhooks.add(hook)
    await transaction.webhooks.set_failing("wh_1", now, "The receiver refuses.")
    await transaction.access.remove_grant(CHANNEL, ORGANIZATION)


def test_failing_webhooks_and_locks_of_revoked_channels_lead_to_their_pages(
    served: Served,
) -> None:
    with opened(served.database.store()) as store:
        store.commit(add_failing)
    console = Console(served, ADMIN)
    text = attention(console)
    assert f"The webhook wh_1 of {CHANNEL} is failing." in text
    assert "The receiver refuses." in text and "secret" not in text
    assert f"3 tickets of organization {ORGANIZATION}, listed by {CHANNEL}" in text
    assert "no longer has a grant" in text
    paths = ("/console/webhooks/wh_1", f"/console/channels/{CHANNEL}", "/console/journal")
    assert set(paths) <= links(console)


def links(console: Console) -> set[str]:
    """The pages to which the list leads."""
    return {unescape(one) for one in re.findall('href="([^"]*)"', console.get(ATTENTION).text)}


@pytest.mark.parametrize(
    ("key", "page"),
    [
        (ADMIN, f"/console/channels/{CHANNEL}"),
        (READ, f"/console/tickets?organizationId={ORGANIZATION}&channelCode={CHANNEL}"),
        (
            key_of(Role.ADMIN, "inside"),
            f"/console/tickets?organizationId={ORGANIZATION}&channelCode={CHANNEL}",
        ),
    ],
)
def test_locks_lead_to_a_page_that_the_person_may_open(served: Served, key: str, page: str) -> None:
    with opened(served.database.store()) as store:
        store.commit(lambda inside: inside.access.remove_grant(CHANNEL, ORGANIZATION))
    console = Console(served, key)
    attention(console)
    assert page in links(console)


def test_holds_lead_to_the_map_of_their_event(served: Served) -> None:
    add_tickets(
        served.database,
        [NewTicket("held", ORGANIZATION, OWNER, "GAME/1", seat_status="LOCK")],
    )
    console = Console(served, READ)
    attention(console)
    assert {
        f"/console/events/{ORGANIZATION}/GAME%2F1?state=held",
        f"/console/events/{ORGANIZATION}/%20?state=held",
    } <= links(console)


def test_damage_of_the_journal_is_the_first_thing(served: Served) -> None:
    served.unlock("listed-1")
    served.database.execute("UPDATE journal_chains SET number = 7")
    text = attention(Console(served, READ))
    assert text.startswith("damaged The journal is damaged. The head of chain")

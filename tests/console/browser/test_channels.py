"""The pages of channels in a browser: keys, grants, and the unlock of all tickets."""

import re

import pytest
from playwright.sync_api import expect

from seatlatch.domain.operator import Operator, Role
from seatlatch.operations import unlock_channel
from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.people import ADMIN
from tests.databases import ON_SQLITE, Database
from tests.serving import APPLICATION, CHANNEL, Served, add_tickets, listed

CHANNELS = "/console/channels"
ONE = f"{CHANNELS}/{CHANNEL}"


def test_a_channel_with_its_application_and_grants(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, ADMIN, CHANNELS)
    expect(page.get_by_role("row", name=re.compile(f"^{CHANNEL} Test 1001 1 3$"))).to_be_visible()
    require_accessible(page)
    page.get_by_label("Code", exact=True).fill("new")
    page.get_by_label("Name", exact=True).fill("New market")
    page.get_by_role("checkbox", name="1001").check()
    page.get_by_role("button", name="Add the channel").click()
    expect(page.get_by_role("status")).to_have_text("Added.")
    page.get_by_label("Application id").fill("com.new")
    page.get_by_role("button", name="Add the application").click()
    expect(page.get_by_role("heading", name="API key")).to_be_visible()
    expect(page.get_by_role("heading", name="Authorization code")).to_be_visible()
    require_accessible(page)
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Organization to grant").fill("2002")
    page.get_by_role("button", name="Grant", exact=True).click()
    page.get_by_role("button", name="Remove the grant of 1001").click()
    expect(page.get_by_role("status")).to_have_text("The grant was removed.")
    expect(page.get_by_role("button", name=re.compile("^Remove the grant"))).to_have_count(1)
    require_accessible(page)


def test_a_key_is_rotated_and_the_commands_name_this_service(
    console_page: ConsolePages, served: Served
) -> None:
    page = console_page(served, ADMIN, ONE)
    application = page.get_by_role("region", name=f"Application {APPLICATION}")
    application.locator("summary").first.click()
    call = application.locator("pre").first
    expect(call).to_contain_text(f'curl -X POST "{served.url}"/operator/v1/applications/')
    require_accessible(page)
    application.get_by_label("The old keys end").select_option("0")
    application.get_by_role("button", name="Rotate its key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{APPLICATION} has a new key")
    assert served.unlock("listed-1").status_code == 401
    require_accessible(page)


def test_all_tickets_of_a_channel_are_unlocked_after_a_preview(
    console_page: ConsolePages,
    served: Served,
    inventory: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens = [f"more-{number}" for number in range(30)]
    add_tickets(inventory, map(listed, tokens))
    monkeypatch.setattr(unlock_channel, "PORTION_TICKETS", 10)
    monkeypatch.setattr(unlock_channel, "PART_SECONDS", 0)
    page = console_page(served, ADMIN, ONE)
    page.get_by_role("link", name="Unlock all…").click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("has locked: 33.")
    expect(preview).to_contain_text("The box office holds 1 of them")
    require_accessible(page)
    button = page.get_by_role("button", name="Unlock all")
    expect(button).to_be_disabled()
    page.get_by_label("Reason").fill("contract ended")
    page.get_by_label(f"Type {CHANNEL} to confirm").fill(CHANNEL)
    button.click()
    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("32 unlocked, 1 not.")
    expect(progress).to_contain_text("Done.")
    require_accessible(page)
    assert inventory.mpreserve_of()["locked-and-listed"]
    assert not any(inventory.mpreserve_of()[token] for token in tokens)
    page.get_by_role("link", name="Back to the channel").click()
    expect(page.locator("#facts")).to_contain_text("1, of which the box office holds 1")


def test_the_audit_and_the_organizations(console_page: ConsolePages, served: Served) -> None:
    page = console_page(served, ADMIN, "/console/organizations")
    require_accessible(page)
    add = page.locator("form", has=page.get_by_role("button", name="Add the organization"))
    add.get_by_label("Id").fill("3003")
    add.get_by_label("Name").fill("Arena")
    add.get_by_role("button").click()
    expect(page.get_by_role("row", name="3003 Arena")).to_be_visible()
    page.get_by_label("Type its id to confirm").fill("3003")
    page.get_by_role("button", name="Remove the organization").click()
    expect(page.get_by_role("status")).to_have_text("Removed.")
    page.goto(served.url + "/console/audit")
    page.get_by_label("Action").select_option("organization.add")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("cell", name="name: Arena")).to_be_visible()
    require_accessible(page)


@ON_SQLITE
def test_long_names_fit_on_every_page(console_page: ConsolePages, served: Served) -> None:
    long, name = "W" * 100, "N" * 200
    with served.database.provisioning() as provisioning:
        provisioning.add_organization(long, name)
        provisioning.add_channel(long, name, [long])
        provisioning.add_application(long, long)
        provisioning.add_api_key(long, b"k")
        provisioning.add_operator(Operator(long, Role.SUPPORT, frozenset({long})))
        provisioning.add_operator_key(long, b"o")
        provisioning.add_tickets([listed("T" * 300, long)._replace(owner_id="O" * 300)])
    page = console_page(served, ADMIN)
    for path in (
        CHANNELS,
        f"{CHANNELS}/{long}",
        f"{CHANNELS}/{long}/unlock-all",
        "/console/organizations",
        "/console/people",
        f"/console/people/{long}",
        f"/console/audit?actor={long}",
    ):
        page.goto(served.url + path)
        require_accessible(page)
    page.goto(f"{served.url}/console/people/{long}")
    page.get_by_role("button", name="Rotate the key").click()
    require_accessible(page)

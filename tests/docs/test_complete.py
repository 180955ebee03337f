"""Whatever a user can meet is named on its page."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from docs.commands import every_command
from docs.generate import ROOT
from seatlatch.assembly import build_app
from seatlatch.channel_api.headers import CHANNEL_HEADERS, TOKEN_HEADERS
from seatlatch.cli import exit_codes
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.refusal import Refusal
from seatlatch.http.middleware import RequestMiddleware
from seatlatch.http.problems import ALL_LOCKED, INTERNAL_ERROR, NONE_SUCCEEDED, PROBLEMS
from seatlatch.logs import make_log
from seatlatch.metrics import Metrics
from seatlatch.operator_api.admission import OPERATOR_HEADERS
from seatlatch.operator_api.ticket_rows import FAILURES
from seatlatch.sandbox import data
from seatlatch.sandbox.control_api import ControlApi
from seatlatch.sandbox.fault_settings import FaultPlan
from seatlatch.settings import TABLE, read_settings
from tests import web
from tests.docs.pages import DOCS, first_cells, prose
from tests.docs.running import sandbox
from tests.serving import make_inventory
from tests.sqlite_database import SqliteDatabase

REFERENCE = DOCS / "reference"
UNLOCK = REFERENCE / "unlock.md"
TOKEN = REFERENCE / "token.md"
OPERATOR = REFERENCE / "operator.md"
METRICS = REFERENCE / "metrics.md"
COMMANDS = REFERENCE / "commands.md"


def refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Every refusal there is."""
    for below in kind.__subclasses__():
        if below.__module__.startswith("seatlatch."):
            yield below
            yield from refusals(below)


def missing(names: set[str], page: Path) -> set[str]:
    """Those that a page does not name as code."""
    text = prose(page)
    return {name for name in names if not re.search(rf"`{re.escape(name)}[` ]", text)}


def test_every_setting_is_named() -> None:
    names = {setting.name for setting in TABLE}
    assert missing(names, REFERENCE / "settings.md") == set()


def test_every_command_and_option_is_named() -> None:
    text = prose(COMMANDS)
    named = list(every_command())
    assert {"seatlatch serve", "seatlatch org", "seatlatch org add"} <= {name for name, _ in named}
    for name, command in named:
        _, heading, below = text.partition(f"# {name}\n")
        assert heading, name
        section = below.partition("\n## ")[0].partition("\n### ")[0]
        for parameter in command.params:
            called = parameter.opts[0] if "-" in parameter.opts[0] else parameter.metavar
            assert f"`{called}" in section, f"{name} {called}"


def test_what_each_command_prints_as_json_is_told() -> None:
    told = set()
    rows = prose(COMMANDS).partition("| Command | Members |")[2].partition("\n\n")[0]
    for row in rows.splitlines()[2:]:
        first, *others = re.findall(r"`([^`]+)`", row.split("|")[1])
        told |= {first, *(f"{first.split()[0]} {other}" for other in others)}
    printing = {
        name.removeprefix("seatlatch ")
        for name, command in every_command()
        if any("--json" in parameter.opts for parameter in command.params)
    }
    assert told == printing


def test_every_exit_code_is_named() -> None:
    codes = {0, exit_codes.NOTHING_DONE, exit_codes.WRONG_USAGE, exit_codes.DONE_IN_PART, 130}
    named = re.findall(r"^\| (\d+) \|", prose(COMMANDS), re.MULTILINE)
    assert {int(code) for code in named} == codes


def test_every_route_is_named(tmp_path: Path) -> None:
    make_inventory(tmp_path / "inventory.db")
    database = SqliteDatabase(tmp_path / "inventory.db")
    settings, store = read_settings({}, {"database_url": database.url}), database.store()
    app = build_app(settings, store, make_log("json", "error"), Metrics()).handle
    assert isinstance(app, RequestMiddleware)
    routes = {
        f"{method} {route.path}"
        for route in app.router.routes
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert {"PUT /v1/tickets/unlock", "GET /operator/v1/tickets/{token}"} < routes
    assert routes - {name for page in REFERENCE.glob("*.md") for name in routes_in(page)} == set()


def test_every_route_of_the_sandbox_alone_is_named() -> None:
    async def reset() -> None:
        """Nothing."""

    routes = {
        f"{method} {route.path}"
        for route in ControlApi(FaultPlan(), reset).routes()
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert len(routes) == 4
    assert routes - routes_in(DOCS / "start" / "sandbox.md") == set()


def routes_in(page: Path) -> set[str]:
    """What a page calls a route."""
    return set(re.findall(r"`((?:GET|PUT|POST|PATCH|DELETE) /[^`]*)`", prose(page)))


def test_every_error_type_is_named() -> None:
    problems = [*PROBLEMS.values(), ALL_LOCKED, INTERNAL_ERROR, NONE_SUCCEEDED]
    types = {problem.type for problem in problems} | {"INVALID_TOKEN", "SEAT_RECORD_LOCKED"}
    codes = {problem.app_error_code for problem in problems}
    assert missing(types | codes, UNLOCK) == set()
    assert missing({failure.type for failure in FAILURES.values()}, OPERATOR) == set()


def test_every_refusal_is_named() -> None:
    names = {refusal.__name__ for refusal in refusals()}
    assert len(names) > 10
    assert missing(names, DOCS / "internals" / "interfaces.md") == set()


def test_every_request_header_is_named() -> None:
    assert first_cells(UNLOCK, "## Request headers") == {rule.name for rule in CHANNEL_HEADERS}
    assert first_cells(TOKEN, "## Request headers") == {rule.name for rule in TOKEN_HEADERS}
    assert first_cells(OPERATOR, "## Request headers") == {rule.name for rule in OPERATOR_HEADERS}


def test_every_outcome_is_named() -> None:
    assert missing(set(Outcome), DOCS / "concepts" / "README.md") == set()


def test_the_sandbox_page_names_its_credentials_and_tokens() -> None:
    names = {data.APPLICATION, data.API_KEY, data.CHANNEL, f"Bearer {data.ACCESS_TOKEN}"}
    names |= {data.AUTHORIZATION_CODE, data.OPERATOR, data.EVENT, data.OTHER_CHANNEL}
    names |= {f"Authorization: Bearer {data.OPERATOR_KEY}"}
    names |= {ticket.token for ticket in data.document_tickets()}
    assert missing(names, DOCS / "start" / "sandbox.md") == set()


def test_every_library_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        asked += extra
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in asked}
    page = DOCS / "internals" / "decisions.md"
    assert first_cells(page, "## Libraries") == names


def test_every_make_target_is_named() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    names = {f"make {target}" for target in targets} - {"make help"}
    assert missing(names, ROOT / "CONTRIBUTING.md") == set()


def test_every_metric_and_member_of_the_log_is_named(tmp_path: Path) -> None:
    with sandbox(tmp_path, SEATLATCH_LOG_FORMAT="json") as about:
        web.put(about["url"] + "/v1/tickets/unlock")
        scraped = web.get(about["url"] + "/metrics").text
        assert set(about) <= set(re.findall(r"`(\w+)`", prose(DOCS / "start" / "sandbox.md")))
    families = text_string_to_metric_families(scraped)
    names = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    assert len(names) >= 8
    assert missing(names - {"seatlatch_build_info"}, METRICS) == set()
    (line,) = (tmp_path / "sandbox.log").read_text().splitlines()
    assert first_cells(METRICS, "## Log") == set(json.loads(line))

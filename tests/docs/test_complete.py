"""Whatever a user can meet is named on its page."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from docs.commands import every_command
from docs.generate import ROOT
from seatlatch.api.headers import DOCUMENT_HEADERS
from seatlatch.api.problems import ALL_LOCKED, INTERNAL_ERROR, NONE_SUCCEEDED, PROBLEMS
from seatlatch.domain.outcome import Outcome
from seatlatch.domain.refusal import Refusal
from seatlatch.sandbox import data
from seatlatch.settings import TABLE
from tests.docs.pages import DOCS, first_cells, prose
from tests.docs.running import sandbox

UNLOCK = DOCS / "reference" / "unlock.md"
METRICS = DOCS / "reference" / "metrics.md"


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
    assert missing(names, DOCS / "reference" / "settings.md") == set()


def test_every_command_and_option_is_named() -> None:
    text = prose(DOCS / "reference" / "commands.md")
    named = list(every_command())
    assert {"seatlatch serve", "seatlatch org", "seatlatch org add"} <= {name for name, _ in named}
    for name, command in named:
        _, heading, below = text.partition(f"# {name}\n")
        assert heading, name
        section = below.partition("\n## ")[0].partition("\n### ")[0]
        for parameter in command.params:
            called = parameter.opts[0] if "-" in parameter.opts[0] else parameter.metavar
            assert f"`{called}" in section, f"{name} {called}"


def test_every_error_type_is_named() -> None:
    problems = [*PROBLEMS.values(), ALL_LOCKED, INTERNAL_ERROR, NONE_SUCCEEDED]
    types = {problem.type for problem in problems} | {"INVALID_TOKEN", "SEAT_RECORD_LOCKED"}
    codes = {problem.app_error_code for problem in problems}
    assert missing(types | codes, UNLOCK) == set()


def test_every_refusal_is_named() -> None:
    names = {refusal.__name__ for refusal in refusals()}
    assert len(names) > 10
    assert missing(names, DOCS / "internals" / "architecture.md") == set()


def test_every_request_header_is_named() -> None:
    assert first_cells(UNLOCK, "## Request headers") == {rule.name for rule in DOCUMENT_HEADERS}


def test_every_outcome_is_named() -> None:
    assert missing(set(Outcome), DOCS / "concepts" / "README.md") == set()


def test_the_sandbox_page_names_its_credentials_and_tokens() -> None:
    names = {data.APPLICATION, data.API_KEY, data.CHANNEL, f"Bearer {data.ACCESS_TOKEN}"}
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
        httpx.put(about["url"] + "/v1/tickets/unlock", trust_env=False)
        scraped = httpx.get(about["url"] + "/metrics", trust_env=False).text
        assert set(about) <= set(re.findall(r"`(\w+)`", prose(DOCS / "start" / "sandbox.md")))
    families = text_string_to_metric_families(scraped)
    names = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    assert len(names) >= 8
    assert missing(names - {"seatlatch_build_info"}, METRICS) == set()
    (line,) = (tmp_path / "sandbox.log").read_text().splitlines()
    assert first_cells(METRICS, "## Log") == set(json.loads(line))

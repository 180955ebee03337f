"""The alerts: promtool accepts and tests them, and each says what to do and where that is."""

import re
from pathlib import Path

import pytest

from tests.cases import all_cases
from tests.docs.pages import DOCS, anchors
from tests.monitoring.promql import FROM_PROMETHEUS, grouped, promtool, selectors
from tests.monitoring.rules import ALERTS, CONFIGURATION, RULE_FILES, TEST_FILES, Alert, document

PAGE = DOCS / "operating" / "alerts.md"
FIRING = 'ALERTS{alertstate="firing"}'
COMMAND_OR_LOG = re.compile(r"[Ss]ee |[Rr]un |log|Free ")
NAMES = [alert.name for alert in ALERTS]


def name_of(alert: Alert) -> str:
    return alert.name


def test_promtool_accepts_the_configuration_and_all_rules() -> None:
    done = promtool("check", "config", CONFIGURATION)
    assert (done.returncode, done.stderr) == (0, ""), done
    done = promtool("check", "rules", *RULE_FILES)
    assert (done.returncode, done.stderr) == (0, ""), done


def test_the_configuration_names_all_rules() -> None:
    """Those that need something else are comments."""
    text = CONFIGURATION.read_text()
    assert [file.name for file in RULE_FILES if f"- {file.name}\n" not in text] == []


@all_cases("file", TEST_FILES, ids=lambda file: file.name)
def test_the_rules_fire_as_their_tests_say(file: Path) -> None:
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done


def test_every_alert_is_tested_firing_and_not_firing() -> None:
    """In a group of its name, it is silent at first and fires alone in the end."""
    tested = set()
    for file in TEST_FILES:
        for group in document(file)["tests"]:
            times = group["promql_expr_test"]
            assert {one["expr"] for one in times} == {FIRING}
            assert not times[0].get("exp_samples"), group["name"]
            ((last,),) = [times[-1]["exp_samples"]]
            assert f'alertname="{group["name"]}"' in last["labels"]
            tested.add(group["name"])
    assert tested == set(NAMES)
    assert len(NAMES) == len(tested), "a name is used twice"


@all_cases("alert", ALERTS, ids=name_of)
def test_an_alert_says_what_to_do(alert: Alert) -> None:
    assert alert.labels.keys() == {"severity"}
    assert alert.labels["severity"] in ("critical", "warning")
    assert alert.annotations.keys() == {"summary", "description", "runbook"}
    assert alert.annotations["summary"].endswith(".")
    assert COMMAND_OR_LOG.search(alert.annotations["description"]), "its first step"
    anchor = alert.name.lower()
    assert alert.annotations["runbook"] == f"/docs/operating/alerts.html#{anchor}"
    assert anchor in anchors(PAGE)


@all_cases("alert", ALERTS, ids=name_of)
def test_an_alert_names_only_labels_that_it_has(alert: Alert) -> None:
    named = set(re.findall(r"\$labels\.(\w+)", " ".join(alert.annotations.values())))
    aggregated = grouped(alert.expression)
    asked = {label for one in selectors(alert.expression) for label in one.labels}
    assert named <= (aggregated or {*FROM_PROMETHEUS, *asked})


def test_the_page_has_a_row_and_a_section_for_each() -> None:
    text = PAGE.read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for alert in ALERTS:
        (row,) = [line for line in rows if f"[{alert.name}](#{alert.name.lower()})" in line]
        assert f"| {alert.labels['severity']} |" in row
        metrics = {re.sub(r"_bucket$", "", one.metric) for one in selectors(alert.expression)}
        assert [metric for metric in metrics if f"`{metric}`" not in row] == []
    assert re.findall(r"^### (Seatlatch\w+|Postgresql\w+)$", text, re.MULTILINE) == re.findall(
        r"^\|.*\[(\w+)\]\(#\w+\)", text, re.MULTILINE
    ), "in the order of the table"


@pytest.mark.parametrize("name", ["seatlatch", "standby", "postgresql"])
def test_the_page_says_which_files_there_are(name: str) -> None:
    assert f"`{name}.rules.yml`" in PAGE.read_text()

"""The alerts as deploy/prometheus has them, with their tests, and the dashboard's panels."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from docs.generate import ROOT

FOLDER = ROOT / "deploy" / "prometheus"
CONFIGURATION = FOLDER / "prometheus.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "seatlatch.json"
RULE_FILES = sorted(FOLDER.glob("*.rules.yml"))
TEST_FILES = sorted((FOLDER / "tests").glob("*.test.yml"))


class Alert(NamedTuple):
    """An alert."""

    name: str
    expression: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def document(file: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(file.read_text())


def alerts(file: Path) -> list[Alert]:
    """The alerts of a file of rules."""
    return [
        Alert(rule["alert"], rule["expr"], rule["labels"], rule["annotations"])
        for group in document(file)["groups"]
        for rule in group["rules"]
    ]


ALERTS = [alert for file in RULE_FILES for alert in alerts(file)]


def dashboard() -> Any:
    """The dashboard."""
    return json.loads(DASHBOARD.read_text())


def panels() -> Iterator[tuple[str, str]]:
    """The title of each panel with each of its expressions, variables replaced."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], _replaced(target["expr"])


def _replaced(expression: str) -> str:
    return (
        expression.replace("$__rate_interval", "1m").replace("$job", "a").replace("$instance", "b")
    )

"""Alerts and dashboard name metrics and labels that a running server has, and leave none out."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from docs.generate import ROOT
from tests.cases import all_cases
from tests.databases import EngineName
from tests.docs.pages import DOCS
from tests.monitoring.promql import FROM_PROMETHEUS, Selector, grouped, promtool, selectors
from tests.monitoring.rules import ALERTS, DASHBOARD, dashboard, panels
from tests.serving import Served
from tests.waiting import until

PANELS = list(panels())
EXPRESSIONS = [*(alert.expression for alert in ALERTS), *(expression for _, expression in PANELS)]
USED = [selector for expression in EXPRESSIONS for selector in selectors(expression)]
NOT_THERE: Mapping[EngineName, set[str]] = {
    "sqlite": {"seatlatch_synchronous_replication"},
    "postgres": {"seatlatch_disk_free_bytes", "seatlatch_disk_size_bytes"},
}
"""What only the other engine has."""

FROM_OTHERS = {
    "up",
    "ALERTS",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "pg_stat_activity_max_tx_duration",
}
"""Metrics of Prometheus, node_exporter and postgres_exporter."""

OPEN = {"status", "route", "outcome", "version", "python"}
"""Labels with values that come with the requests, or with the version."""

Exposed = Mapping[str, Mapping[str, set[str]]]
"""The labels of each metric, with their values."""


def exposed(served: Served) -> Exposed:
    """The metrics of a server that has answered some requests."""
    served.unlock("listed-1", "unknown")
    served.send("/readyz", "GET", {})
    text = until(lambda: _scraped(served) if "webhook_lag_seconds 0" in _scraped(served) else "")
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found[sample.name]
            for label, value in sample.labels.items():
                labels[label].add(value)
    return found


def _scraped(served: Served) -> str:
    return served.send("/metrics", "GET", {}).text


def unknown(selector: Selector, metrics: Exposed) -> bool:
    """Whether a server has no such metric, no such label, or no such value of a label."""
    if selector.metric not in metrics:
        return True
    labels = metrics[selector.metric]
    return any(
        label not in labels or (label not in OPEN and not values <= labels[label])
        for label, values in selector.labels.items()
        if label not in FROM_PROMETHEUS
    )


def test_all_that_is_named_is_exposed(served: Served, engine: EngineName) -> None:
    metrics = exposed(served)
    named = {one.metric for one in USED if unknown(one, metrics)}
    assert named - FROM_OTHERS == NOT_THERE[engine]
    for expression in EXPRESSIONS:
        labels = {label for one in selectors(expression) for label in metrics.get(one.metric, ())}
        ours = [one for one in selectors(expression) if one.metric not in FROM_OTHERS]
        assert not ours or grouped(expression) <= labels | FROM_PROMETHEUS, expression


def test_all_that_is_exposed_is_on_the_dashboard(served: Served, engine: EngineName) -> None:
    """By itself, or as buckets."""
    shown = {one.metric for _, expression in PANELS for one in selectors(expression)}
    metrics = {name for name in exposed(served) if name.startswith("seatlatch_")}
    parts = {name for name in metrics if name.rpartition("_")[2] in ("sum", "count", "bucket")}
    stems = {name.rpartition("_")[0] for name in parts}
    assert metrics - parts - shown == set()
    assert {stem for stem in stems if not any(one.startswith(stem) for one in shown)} == set()
    assert NOT_THERE[engine] <= shown


def test_a_selector_that_names_nothing_real_is_found(served: Served) -> None:
    metrics = exposed(served)
    good = 'seatlatch_webhook_attempts_total{job="a", result="given_up"}'
    bad = (
        "seatlatch_webhook_attempt_total",
        'seatlatch_webhook_attempts_total{outcome="given_up"}',
        'seatlatch_webhook_attempts_total{result="lost"}',
    )
    found = [unknown(next(selectors(one)), metrics) for one in (good, *bad)]
    assert found == [False, True, True, True]


def test_promtool_parses_every_panel(tmp_path: Path) -> None:
    file = tmp_path / "panels.yml"
    lines = ["groups:", "  - name: panels", "    rules:"]
    for number, (_, expression) in enumerate(PANELS):
        lines += [f"      - record: panel:{number}", "        expr: |", f"          {expression}"]
    file.write_text("\n".join(lines) + "\n")
    done = promtool("check", "rules", file)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert f"{len(PANELS)} rules found" in done.stdout


def test_the_dashboard_asks_for_its_source() -> None:
    shown = dashboard()
    variables = {one["name"]: one["type"] for one in shown["templating"]["list"]}
    assert variables == {"datasource": "datasource", "job": "query", "instance": "query"}
    for panel in shown["panels"]:
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["targets"], panel["title"]
    identifiers = [panel["id"] for panel in shown["panels"]]
    assert len(set(identifiers)) == len(identifiers)


@all_cases("alert", ALERTS, ids=lambda alert: alert.name)
def test_the_dashboard_names_every_alert_of_ours(alert: object) -> None:
    name = getattr(alert, "name", "")
    assert name.startswith("Postgresql") or name in DASHBOARD.read_text()


def test_the_pages_say_where_both_are() -> None:
    page = (DOCS / "operating" / "alerts.md").read_text()
    for path in ("deploy/prometheus/", "deploy/grafana/seatlatch.json"):
        assert (ROOT / path).exists()
        assert f"`{path}`" in page

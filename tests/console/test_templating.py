"""Links and timestamps in templates."""

from datetime import UTC, datetime

from seatlatch.console.templating import Templates, time

TEMPLATES = Templates("/root", is_sandbox=False)


def test_a_link_has_the_root_path_and_is_encoded() -> None:
    assert TEMPLATES.url("/console") == "/root/console"
    assert TEMPLATES.url("/console/tickets", "a/b?<ä") == "/root/console/tickets/a%2Fb%3F%3C%C3%A4"
    assert TEMPLATES.url("/console/find", section="1&2", row="", seat=None) == (
        "/root/console/find?section=1%262"
    )


def test_a_timestamp_is_for_people_and_for_scripts() -> None:
    shown = time(datetime(2026, 3, 1, 14, 3, 5, tzinfo=UTC))
    assert shown == '<time datetime="2026-03-01T14:03:05+00:00">2026-03-01 14:03:05 UTC</time>'
    assert time(None) == "never"

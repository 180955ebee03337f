"""What is made from the code is up to date, and a page that is not is found."""

from pathlib import Path

import pytest

from docs import generate
from docs.parts import PARTS
from tests.docs.pages import PAGES

STALE = "# Page\n\n<!-- generated: settings -->\nstale text\n<!-- end -->\n\nafter\n"


def test_the_pages_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_every_part_stands_in_a_page() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert {name for name in PARTS if f"\n{generate.BEGIN}{name} -->\n" not in text} == set()


def test_a_stale_page_is_named_and_then_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(STALE)
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out.startswith("page.md: stale")
    assert page.read_text() == STALE

    assert generate.main([]) == 0
    text = page.read_text()
    assert "stale text" not in text
    assert "SEATLATCH_PORT" in text
    assert text.endswith("<!-- end -->\n\nafter\n")
    assert generate.main(["--check"]) == 0


def test_a_part_without_its_end_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    text = STALE.replace(generate.END, "")
    page.write_text(text)
    with pytest.raises(ValueError, match="settings"):
        generate.main([])
    assert page.read_text() == text

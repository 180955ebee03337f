"""The page Import in a browser: a file is looked at, checked and imported, with its bad lines."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from seatlatch.import_files.portions import LINES_MAX
from tests.console.browser.pages import ConsolePages, require_accessible
from tests.console.people import BOX_OFFICE
from tests.databases import ON_SQLITE
from tests.serving import ORGANIZATION, Served

IMPORT = "/console/import"
HEADER = "token,owner_id,row\n"
BAD = HEADER + "new,o,1\nshort,o\nforeign,o,1\n\nnew,o,2\n=cmd(),o,1\nowner\x00,o,1\n\uff1dcmd()\n"


@pytest.fixture
def page(console_page: ConsolePages, served: Served) -> Page:
    return console_page(served, BOX_OFFICE, IMPORT)


def choose(page: Page, content: str | bytes, name: str = "season.csv") -> None:
    data = content if isinstance(content, bytes) else content.encode()
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": data})


def click(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_a_good_file_is_imported(page: Page, served: Served) -> None:
    choose(page, HEADER + "new,o,1\nlisted-1,o,7\nnot-listed,234567,\n")
    look = page.get_by_role("region", name="The first lines")
    expect(look).to_contain_text("listed-1")
    expect(look.locator("caption")).to_have_text("The columns are separated by a comma.")
    require_accessible(page)
    click(page, "Check all lines")
    expect(page.locator("#checked-text")).to_have_text(
        "3 tickets: 1 new, 1 changed, 1 unchanged. No line has a problem."
    )
    assert "new" not in served.database.rows()
    click(page, "Import 3 tickets")
    expect(page.locator("#result-text")).to_have_text(
        "1 added, 1 updated, 1 unchanged, 0 lines not imported."
    )
    assert served.database.rows()["new"]["organization_id"] == ORGANIZATION
    require_accessible(page)
    click(page, "Import another file")
    expect(page.locator("#result")).to_be_hidden()
    expect(page.locator("#file")).to_be_focused()


def test_bad_lines_are_shown_and_can_be_downloaded(
    page: Page, served: Served, tmp_path: Path
) -> None:
    choose(page, BAD)
    expect(page.get_by_role("region", name="The first lines")).to_contain_text("has 2 fields")
    click(page, "Check all lines")
    expect(page.locator("#checked-text")).to_contain_text("6 lines have problems")
    problems = page.get_by_role("region", name="Lines with problems")
    expect(problems.get_by_role("row")).to_have_count(7)
    expect(problems).to_contain_text("belongs to another organization")
    require_accessible(page)
    click(page, "Import 1 ticket, without the lines with problems")
    expect(page.locator("#result-text")).to_contain_text("1 added, 0 updated, 0 unchanged, 6 lines")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the list").click()
    assert download.value.suggested_filename == "failed-lines.csv"
    download.value.save_as(tmp_path / "failed.csv")
    lines = (tmp_path / "failed.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "line,column,problem,content"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["3", ""],
        ["4", "token"],
        ["6", "token"],
        ["7", "token"],
        ["8", "token"],
        ["9", ""],
    ]
    assert lines[4].endswith(',"\'=cmd(),o,1"')
    assert lines[6].endswith(",'\uff1dcmd()")
    assert served.database.rows()["new"]["row"] == "1"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_file_of_several_portions_is_one_file(page: Page, served: Served, line_end: str) -> None:
    rows = [f"t{n},o,{n}" for n in range(2 * LINES_MAX + 50)]
    rows[LINES_MAX + 10] = "t3,o,again"
    rows[-1] = "short"
    choose(page, line_end.join([HEADER.strip(), *rows]))
    click(page, "Check all lines")
    expect(page.locator("#checked-text")).to_contain_text(
        "4,048 tickets: 4,048 new", timeout=30_000
    )
    problems = page.get_by_role("region", name="Lines with problems")
    expect(problems.get_by_role("row").nth(1)).to_have_text(
        "2012tokenis already in line 5t3,o,again"
    )
    expect(problems.get_by_role("row").nth(2)).to_contain_text("4051has 1 field")
    click(page, "Import 4,048 tickets")
    expect(page.locator("#result-text")).to_contain_text("4,048 added", timeout=60_000)
    tickets = served.database.rows()
    assert tickets["t3"]["row"] == "3"
    assert {f"t{n}" for n in range(4049)} - set(tickets) == {f"t{LINES_MAX + 10}"}


def test_an_import_can_be_stopped_and_repeated(page: Page, served: Served) -> None:
    choose(page, HEADER + "".join(f"t{n},o,{n}\n" for n in range(3 * LINES_MAX)))
    click(page, "Check all lines")
    expect(page.locator("#run")).to_have_text("Import 6,000 tickets", timeout=30_000)

    def stopped(route: Route) -> None:
        page.evaluate("() => document.getElementById('stop').click()")
        route.continue_()

    page.route("**/console/import/run**", stopped, times=1)
    click(page, "Import 6,000 tickets")
    expect(page.locator("#result-text")).to_contain_text(
        "2,000 added, 0 updated, 0 unchanged, 0 lines not imported. Stopped after line 2,001",
        timeout=30_000,
    )
    assert "t1999" in served.database.rows() and "t2000" not in served.database.rows()


def test_the_service_is_asked_again_while_it_is_away(
    page: Page, served: Served, console_page: ConsolePages
) -> None:
    choose(page, HEADER + "new,o,1\n")
    click(page, "Check all lines")
    page.route(
        "**/console/import/run**",
        lambda route: route.fulfill(status=503, headers={"Retry-After": "0"}),
        times=1,
    )
    click(page, "Import 1 ticket")
    expect(page.locator("#result-text")).to_contain_text("1 added", timeout=15_000)
    console_page.forgive(page, "503")


@ON_SQLITE
def test_what_is_no_csv_file_is_explained(
    page: Page, served: Served, console_page: ConsolePages
) -> None:
    choose(page, b"PK\x03\x04[Content_Types].xml", "season.xlsx")
    expect(page.locator("#problem")).to_contain_text("is a spreadsheet workbook (.xlsx). Save it")
    choose(page, b"")
    expect(page.locator("#problem")).to_contain_text("Line 1 of the file is empty")
    require_accessible(page)
    choose(page, HEADER + "a,o,1\n")
    expect(page.locator("#problem")).to_be_hidden()
    console_page.forgive(page, "422")


@ON_SQLITE
def test_a_line_that_never_ends_takes_no_memory(page: Page) -> None:
    choose(page, HEADER.encode() + b"x" * 3_000_000 + b"\nnew,o,1\n")
    click(page, "Check all lines")
    expect(page.locator("#checked-text")).to_contain_text("1 ticket: 1 new", timeout=15_000)
    expect(page.get_by_role("region", name="Lines with problems")).to_contain_text(
        "is longer than 65536 bytes"
    )


@ON_SQLITE
def test_the_keyboard_is_enough(page: Page, served: Served) -> None:
    choose(page, HEADER + "new,o,1\n")
    expect(page.locator("#check")).to_be_visible()
    page.locator("#check").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#run")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#again")).to_be_focused()
    assert "new" in served.database.rows()

"""The files that the console's pages load."""

import re
from hashlib import sha256

from seatlatch.console.static_files import HERE, VENDORED

REGISTRIES = ("registry.", "npmjs", "unpkg", "jsdelivr")


def test_what_is_vendored_is_what_its_page_says() -> None:
    folder = HERE.joinpath(VENDORED.rpartition("/")[0])
    readme = folder.joinpath("README.md").read_text("utf-8")
    reported = dict(re.findall(r"^\| `(.+)` \| `([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    sums = {
        file.name: sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name != "README.md"
    }
    assert reported == sums
    for file in folder.iterdir():
        assert not any(host in file.read_text("utf-8").lower() for host in REGISTRIES), file.name


def test_scripts_and_styles_name_no_other_host() -> None:
    for file in HERE.joinpath("static").iterdir():
        text = file.read_text("utf-8").replace("http://www.w3.org/", "")
        assert "http://" not in text and "https://" not in text, file.name

"""`seatlatch migrate --distribute` on a database whose tickets cannot be distributed."""

import pytest

from tests.cli.commands import run_on
from tests.cli.test_bad_databases import assert_one_sentence
from tests.databases import Databases

REASONS = {"sqlite": "is a file on one machine", "postgres": "does not have the extension citus"}


@pytest.mark.undistributed
def test_it_is_refused_before_anything_is_made(databases: Databases) -> None:
    blank = databases.blank()
    for options in ((), ("--check",)):
        refused = run_on(blank, "migrate", "--distribute", *options)
        assert refused.returncode == 1
        assert REASONS[blank.engine] in refused.stderr
        assert_one_sentence(refused.stderr)
    made = run_on(blank, "migrate")
    assert "0001_" in made.stdout, "it was still to be made"

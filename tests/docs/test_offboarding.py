"""The guide to offboard a channel: its commands on the database of a sandbox that serves."""

from pathlib import Path

from tests.docs.answers import same_answer
from tests.docs.pages import DOCS
from tests.docs.running import run_shell, sandbox
from tests.docs.test_examples import in_turn

OFFBOARDING = DOCS / "guides" / "offboard-a-channel.md"


def test_the_guide_leads_from_a_channel_to_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'practice.db'}"
    with sandbox(tmp_path, "--database", url) as about:

        def run(text: str) -> str:
            return run_shell(text, about["url"], tmp_path, SEATLATCH_DATABASE_URL=url)

        shown = []
        for sent, printed, block in in_turn(OFFBOARDING, run):
            same_answer(block, printed, sent)
            shown.append(sent)
    assert [sent.split()[1:3] for sent in shown] == [
        ["tickets", "unlock"],
        ["app", "revoke"],
        ["tickets", "unlock"],
        ["tickets", "release"],
        ["channel", "remove"],
    ]

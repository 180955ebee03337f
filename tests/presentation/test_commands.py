"""Changes as commands of `seatlatch`: a shell reads them as they were meant."""

import shlex

from seatlatch.domain.journal import Act, Asker, Verb
from seatlatch.presentation.commands import command_of_change
from tests.cases import all_cases

NOBODY = Asker("")
TOKENS = ["98973476444", "-a", "--reason", "a b", "it's", "$(rm -rf /)", "`x`", "<script>", "é", ""]


def words(act: Act, token: str, *, over_listing: bool = False) -> list[str]:
    """The arguments that a shell passes to the command."""
    command = command_of_change(act, [token], over_listing=over_listing)
    assert command is not None
    return shlex.split(command)


@all_cases("token", TOKENS)
def test_any_token_and_reason_arrive_as_they_are(token: str) -> None:
    reason = f"why {token}"
    before = ["--"] if token.startswith("-") else []
    assert words(Act(Verb.OVERRIDE, NOBODY, reason), token) == [
        *("seatlatch", "tickets", "unlock", "--reason", reason, *before, token)
    ]


def test_each_verb_has_its_command() -> None:
    assert words(Act(Verb.HOLD, NOBODY, "why", 60), "t", over_listing=True) == [
        *("seatlatch", "tickets", "hold", "--reason", "why", "--for", "60", "--over-listing", "t")
    ]
    for verb in (Verb.RELEASE, Verb.VOID):
        assert words(Act(verb, NOBODY), "t") == ["seatlatch", "tickets", verb, "t"]
    for verb in (Verb.LOCK, Verb.UNLOCK, Verb.PRUNE):
        assert command_of_change(Act(verb, NOBODY), ["t"]) is None

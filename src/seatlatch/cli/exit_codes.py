"""What a command exits with. 0 = all was done, or was so already; Typer makes 130 of Ctrl-C."""

NOTHING_DONE = 1
WRONG_USAGE = 2
DONE_IN_PART = 3

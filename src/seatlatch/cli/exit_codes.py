"""What a command exits with. 0 = all was done, or was so already.

3 = a part was done, or all of it but the result could not be printed. Typer makes 130 of Ctrl-C
where nothing was confirmed before it; of what it broke off in the midst of, a command can't tell
whether it is done. What was confirmed before is told, and makes 3. A server ends with 0.
"""

NOTHING_DONE = 1
WRONG_USAGE = 2
DONE_IN_PART = 3

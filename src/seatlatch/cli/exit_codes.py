"""The exit codes of commands. 0 = everything is in the requested state; a server stopped in order.

3 = a part was done, or all of it but the result could not be printed. Ctrl-C exits with 130 if
nothing was confirmed before it, although the interrupted change may still have happened. If
something was confirmed before, the command reports it and exits with 3.
"""

NOTHING_DONE = 1
WRONG_USAGE = 2
DONE_IN_PART = 3

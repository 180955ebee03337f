"""What a command exits with. 0 = all was done, or was so already.

Ctrl-C makes 130, unless a part was done before it.
"""

NOTHING_DONE = 1
WRONG_USAGE = 2
DONE_IN_PART = 3

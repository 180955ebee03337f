"""Lets `python -m seatlatch` stand for the command `seatlatch`."""

from seatlatch.cli.main import main

main()

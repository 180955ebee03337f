"""Tests of `deploy/`: each file is loaded by its own program."""

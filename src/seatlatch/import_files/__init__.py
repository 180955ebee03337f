"""Reads the lines of files that people import: the same rules for commands and the console."""

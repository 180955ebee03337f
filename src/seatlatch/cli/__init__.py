"""The keyboard door: one file per command. Prints, and decides exit codes; no rules in here."""

"""The command line. It prints, chooses exit codes, and has no rules."""

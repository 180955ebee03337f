"""One verb, one file: what is read, asked of the rules, written and answered."""

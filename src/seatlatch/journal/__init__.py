"""The journal's format on every engine: rows, entries as text, and the hash chain."""

"""Storage of tickets and credentials: one interface, and a package for each engine."""

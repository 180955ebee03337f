"""The embedded engine: SQLite through apsw, which bundles a recent version of SQLite."""

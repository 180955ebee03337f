"""The embedded engine: SQLite by apsw, which brings a sound SQLite of its own."""

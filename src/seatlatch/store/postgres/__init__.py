"""The engine for many workers and machines: PostgreSQL 14 or later, through psycopg."""

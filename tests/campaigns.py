"""What a campaign of many requests, which runs beside the tests, needs of them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seatlatch.store.interface import DatabaseUse
from tests.databases import Database, EngineName
from tests.postgres import server_url
from tests.postgres_database import PostgresMaker
from tests.sqlite_database import SqliteDatabase


@contextmanager
def fresh_database(engine: EngineName, use: DatabaseUse = "inventory") -> Iterator[Database]:
    """An empty database of its own, on a server of its own."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield SqliteDatabase.made(Path(folder) / "campaign.db", use)
        return
    with server_url() as url_of:
        maker = PostgresMaker(url_of)
        yield maker.migrated(use)
        maker.close()

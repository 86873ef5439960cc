"""A disk that is full: no file of the database may grow."""

import sqlite3

from botbus_storage.store import Store


async def set_pages(store: Store, most: int | None) -> None:
    """Limits the database to so many pages; None: to those that it has."""

    def limit(connection: sqlite3.Connection) -> None:
        (now,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {most or now}").fetchall()

    await store._writer._connection.run(limit)

"""A SQLite file in the library's folder: opened for reading or writing, its errors as the library's own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from index.errors import StoreError

# SQLite takes at most 32,766 parameters in one statement.
VALUES_PER_CALL = 10_000
BUSY_TIMEOUT_S = 30.0


class Database:
    """The SQLite file ``path``; safe among threads. ``schema`` makes it where it is missing, for writers; without one
    it is opened for reading, also where it may not be written. (A reader that may write rolls back what a writer that
    was killed in its commit has left; SQLite opens a file that may not be written for reading alone.)

    Raises :class:`~index.errors.StoreError` when it is missing, damaged or locked away for half a minute.
    """

    def __init__(self, path: Path, schema: str | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        with self._errors("opened"):
            if schema is None and not path.is_file():
                raise sqlite3.DatabaseError("it is missing")
            if schema is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={'rw' if schema is None else 'rwc'}",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                check_same_thread=False,
                isolation_level=None,
            )
            try:
                # Reads the file's head, so that a damaged one is noticed here.
                self._connection.executescript(schema or "SELECT count(*) FROM sqlite_master")
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._errors("read"), self._lock:
            return self._connection.execute(sql, values).fetchall()

    def read_each(self, sql: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        """As :meth:`read`, for more ``values`` than one statement takes: ``{}`` in ``sql`` is their list."""
        for at in range(0, len(values), VALUES_PER_CALL):
            some = values[at : at + VALUES_PER_CALL]
            yield from self.read(sql.format(",".join("?" * len(some))), some)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is written, or nothing."""
        with self._errors("written"), self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a commit that failed may have rolled back by itself
                    self._connection.execute("ROLLBACK")
                raise

    def problems(self) -> list[str]:
        """What SQLite finds wrong with the file, in its own words; empty when all is well."""
        try:
            found = [str(line) for (line,) in self.read("PRAGMA integrity_check")]
        except StoreError as error:
            return [str(error.values["reason"])]
        return [] if found == ["ok"] else found

    @contextmanager
    def _errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(folder=self.path.parent, action=action, reason=f"{self.path.name}: {error}") from error

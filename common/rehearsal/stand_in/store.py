"""The state of the stand-in: JSON documents in one SQLite file, so that a restart finds a change whole or not at all."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Store:
    """Documents by kind and key, listed in the order in which they were first put.

    Every method may be called from any thread. `transaction` makes several calls one: nothing of them
    is kept if the block raises, and no other thread sees them half done.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")  # survives a killed process; that is all we need
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents"
            " (position INTEGER PRIMARY KEY, kind TEXT, key TEXT, body TEXT, UNIQUE (kind, key))"
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one change."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def get(self, kind: str, key: str) -> Document | None:
        """Return a document, or None."""
        query = "SELECT body FROM documents WHERE kind = ? AND key = ?"
        with self._lock:
            row = self._connection.execute(query, (kind, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, key: str, document: Document) -> None:
        """Write a document, replacing the one of the same key."""
        query = (
            "INSERT INTO documents (kind, key, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"
        )
        with self._lock:
            self._connection.execute(query, (kind, key, json.dumps(document)))

    def update(self, kind: str, key: str, **fields: Any) -> Document | None:
        """Change fields of a document and return it; None, and no change, if it is gone."""
        with self.transaction():
            document = self.get(kind, key)
            if document is not None:
                document.update(fields)
                self.put(kind, key, document)
        return document

    def delete(self, kind: str, key: str) -> None:
        """Remove a document if it is there."""
        with self._lock:
            self._connection.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def all(self, kind: str, prefix: str = "") -> list[Document]:
        """Return the documents of a kind whose key begins with `prefix`, oldest first."""
        query = "SELECT body FROM documents WHERE kind = ? AND substr(key, 1, ?) = ? ORDER BY position"
        with self._lock:
            rows = self._connection.execute(query, (kind, len(prefix), prefix)).fetchall()
        return [json.loads(row[0]) for row in rows]

    def next(self, counter: str, start: int = 1) -> int:
        """Count up and return the new number; no number is returned twice, not even after a restart."""
        with self.transaction():
            value = int((self.get("counter", counter) or {"value": start - 1})["value"]) + 1
            self.put("counter", counter, {"value": value})
        return value

    def close(self) -> None:
        """Close the file; the state can then be opened again."""
        with self._lock:
            self._connection.close()

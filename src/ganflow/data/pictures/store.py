"""What was made of a collection of pictures, in one SQLite file: only what changes is decoded, and what was held out stays so."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from ganflow.config.data import DataParameters
from ganflow.data.images import ImageChunk
from ganflow.data.pictures.collection import Listed, readable
from ganflow.data.pictures.decoding import Decoded
from ganflow.data.pictures.likeness import MOST_DIFFERING_BITS, NUM_BANDS, are_near, differing_bits
from ganflow.data.sources.source import CHUNK_BYTES
from ganflow.data.splits import draw_held_out
from ganflow.errors import DataError

_MOST_COMPARED = 50
"""Images that are looked at in each band; more have it in common where many are alike in part, such as a white half."""

_COMPARED_AT_ONCE = 16

_BANDS = [f"band_{number}" for number in range(NUM_BANDS)]

_HASH = " | ".join(f"({band} << {16 * number})" for number, band in enumerate(_BANDS))

_SHARING = " UNION ALL ".join(
    f"SELECT * FROM (SELECT id, {_HASH} FROM picture WHERE {band} = ? AND is_held_out IS NOT NULL LIMIT {_MOST_COMPARED})"  # noqa: S608
    for band in _BANDS
)
"""(id, hash) of images that have a side and share a part of their hash with another one, once for each part."""

_SCHEMA = f"""
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE listed (name BLOB PRIMARY KEY, size INTEGER, stamp TEXT, class TEXT, problem TEXT) WITHOUT ROWID;
CREATE TABLE picture (
    id INTEGER PRIMARY KEY, name BLOB UNIQUE, size INTEGER, stamp TEXT, class TEXT, problem TEXT, is_picture INTEGER,
    width INTEGER, height INTEGER, digest BLOB, is_held_out INTEGER, like_name BLOB, {", ".join(f"{band} INTEGER" for band in _BANDS)}
);
CREATE INDEX by_digest ON picture (digest, name);
{"".join(f"CREATE INDEX by_{band} ON picture ({band});" for band in _BANDS)}
CREATE TABLE pixels (id INTEGER PRIMARY KEY, value BLOB);
"""


_IN_ORDER = "FROM picture JOIN pixels USING (id) WHERE digest IS NOT NULL ORDER BY digest, class, name"


@dataclass(frozen=True)
class Listing:
    """Some of the pictures that a collection has now. `is_first` begins a new list, `is_last` ends it."""

    settings: DataParameters
    entries: list[Listed]
    is_first: bool = False
    is_last: bool = False


@dataclass(frozen=True)
class Decoding:
    """Some that were decoded, or could not be: `num_done` of `num_missing` so far."""

    results: list[Decoded]
    num_done: int
    num_missing: int


@dataclass(frozen=True)
class Untouched:
    """There is nothing to decode."""


@dataclass(frozen=True)
class Completion:
    """All that could be decoded has been. `state` is the collection's, if it has one."""

    settings: DataParameters
    state: str | None


@dataclass(frozen=True)
class Some:
    """The first `rows` of `num`; there may be more than memory should hold."""

    num: int
    rows: list[Any]


PicturePart = Listing | Decoding | Completion | Untouched


class PictureStore:
    """A SQLite file. Every part is written as a whole or not at all, so a process may die at any moment."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def save(self, part: PicturePart) -> None:
        """Take in a part.

        Raises:
            DataError: if the file is no database of pictures, or cannot be written.
        """
        if isinstance(part, Untouched):
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._connection(create=True) as connection:
            if isinstance(part, Listing):
                _save_listing(connection, part)
            elif isinstance(part, Decoding):
                _save_decoding(connection, part)
            else:
                _complete(connection, part)

    def is_complete(self, settings: DataParameters, state: str | None) -> bool:
        """Whether nothing has to be listed: the collection knows its state, and all of it was decoded with these settings."""
        if state is None or not self._file.is_file():
            return False
        with self._connection() as connection:
            return _about(connection, "complete") == _identity(settings, state)

    def missing(self) -> Iterator[bytes]:
        """Names of pictures that are listed and have not been decoded yet, in order."""
        last = b""
        with self._connection() as connection:
            while True:
                rows = connection.execute(
                    "SELECT name FROM listed WHERE name > ? AND problem IS NULL AND name NOT IN (SELECT name FROM picture) "
                    "ORDER BY name LIMIT 1000",
                    (last,),
                ).fetchall()
                yield from (name for (name,) in rows)
                if not rows:
                    return
                last = rows[-1][0]

    def num_missing(self) -> int:
        """How many these are."""
        return int(self._select("SELECT count(*) FROM listed WHERE problem IS NULL AND name NOT IN (SELECT name FROM picture)")[0][0])

    def class_names(self) -> tuple[str, ...]:
        """Of the images, in order; empty where they have no classes."""
        return tuple(self.class_counts())

    def state(self) -> str:
        """BLAKE2b of which images there are, of which class and on which side; their names and order in the collection play no part."""
        digest = blake2b(digest_size=32)
        with self._connection() as connection:
            for row in connection.execute(
                "SELECT digest, class, is_held_out FROM picture WHERE digest IS NOT NULL ORDER BY digest, class, name"
            ):
                digest.update(repr(row).encode())
        return digest.hexdigest()

    def chunks(self, start: int, image_shape: tuple[int, ...]) -> Iterator[ImageChunk]:
        """Images from number `start` on, in the order of a hash of their pixels, which others do not change.

        Of a moving picture these are its clips, which are all in one chunk.
        """
        names = self.class_names()
        numbers = {name: number for number, name in enumerate(names)}
        with self._connection() as connection:
            first, left_out = _find(connection, start, math.prod(image_shape))
            query = f"SELECT value, class, is_held_out {_IN_ORDER} LIMIT -1 OFFSET ?"
            for rows in _in_chunks(connection.execute(query, (first,))):
                found = [np.frombuffer(pixels, np.uint8).reshape(-1, *image_shape) for pixels, _, _ in rows]
                counts = [len(images) for images in found]
                labels = np.repeat(np.array([numbers[label] for _, label, _ in rows], np.int64), counts) if names else None
                yield ImageChunk(np.concatenate(found), labels, np.repeat([bool(side) for _, _, side in rows], counts))[left_out:]
                left_out = 0

    def num_images(self) -> int:
        """Pictures that were decoded."""
        return int(self._select("SELECT count(*) FROM picture WHERE digest IS NOT NULL")[0][0])

    def class_counts(self) -> dict[str, int]:
        """{class: images}, in order; {} where they have no classes."""
        query = "SELECT class, count(*) FROM picture WHERE digest IS NOT NULL AND class IS NOT NULL GROUP BY class"
        return dict(sorted(self._select(query), key=lambda row: _natural(row[0])))

    def problems(self, most: int) -> Some:
        """(name, why) of pictures that cannot be used."""
        return self._some(
            "SELECT name, problem FROM listed WHERE problem IS NOT NULL UNION ALL "
            "SELECT name, problem FROM picture WHERE problem IS NOT NULL AND is_picture ORDER BY name",
            most,
        )

    def others(self, most: int) -> Some:
        """(name,) of files that are no pictures, and do not claim to be."""
        return self._some("SELECT name FROM picture WHERE NOT is_picture ORDER BY name", most)

    def sizes(self, most: int) -> Some:
        """(width, height, how many) of the pictures as they were, the most frequent first."""
        return self._some(
            "SELECT width, height, count(*) FROM picture WHERE digest IS NOT NULL GROUP BY width, height "
            "ORDER BY count(*) DESC, width, height",
            most,
        )

    def likenesses(self, most: int) -> Some:
        """(name, name of an older one) of images that show the same as another that is still there, without being equal to it."""
        return self._some(
            "SELECT picture.name, older.name FROM picture JOIN picture AS older ON older.name = picture.like_name "
            "WHERE older.digest != picture.digest ORDER BY picture.name",
            most,
        )

    def median_side(self) -> int:
        """Median of the shorter sides of the pictures as they were, the lower of two; 0 if there are none."""
        sides = "SELECT min(width, height) AS side FROM picture WHERE digest IS NOT NULL"
        found = self._select(f"{sides} ORDER BY side LIMIT 1 OFFSET (SELECT max(count(*) - 1, 0) / 2 FROM ({sides}))")  # noqa: S608
        return int(found[0][0]) if found else 0

    def _some(self, query: str, most: int) -> Some:
        (num,) = self._select(f"SELECT count(*) FROM ({query})")[0]  # noqa: S608
        rows = self._select(f"{query} LIMIT {most}")
        return Some(num, [tuple(readable(value) if isinstance(value, bytes) else value for value in row) for row in rows])

    def _select(self, query: str) -> list[Any]:
        with self._connection() as connection:
            return connection.execute(query).fetchall()

    @contextmanager
    def _connection(self, create: bool = False) -> Iterator[sqlite3.Connection]:
        if not create and not self._file.is_file():
            raise DataError(f"{self._file} is not there. Make it: kedro run --pipelines data")
        try:
            with closing(sqlite3.connect(self._file, timeout=60)) as connection:
                if create and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
                with connection:
                    yield connection
        except sqlite3.Error as error:
            raise DataError(
                f"Cannot use {self._file}: {error}. If the disk has room and the file can be written, remove it; the pictures are then "
                "decoded anew."
            ) from error


def _in_chunks(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """As many rows together as have CHUNK_BYTES of pixels, one at least."""
    some: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        if some and size + len(row[0]) > CHUNK_BYTES:
            yield some
            some, size = [], 0
        some.append(row)
        size += len(row[0])
    if some:
        yield some


def _find(connection: sqlite3.Connection, start: int, size: int) -> tuple[int, int]:
    """(picture, image): where number `start` of the images is, `size` bytes each, of which a moving picture has several."""
    before = 0
    for number, (length,) in enumerate(connection.execute(f"SELECT length(value) {_IN_ORDER}") if start else ()):
        if before + length // size > start:
            return number, start - before
        before += length // size
    return (before, 0) if start else (0, 0)


def _natural(name: str) -> tuple[int, int, str]:
    """Numbers by their value, then other names by the alphabet."""
    return (0, int(name), name) if name.isdecimal() and name.isascii() else (1, 0, name)


def _about(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def _note(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, value))


def _identity(settings: DataParameters, state: str | None) -> str:
    return json.dumps([settings.model_dump(mode="json"), state])


def _save_listing(connection: sqlite3.Connection, part: Listing) -> None:
    if part.is_first:
        _forget_other_settings(connection, part.settings)
        connection.execute("DELETE FROM about WHERE key = 'complete'")
        connection.execute("DELETE FROM listed")
    connection.executemany(
        "INSERT OR REPLACE INTO listed VALUES (?, ?, ?, ?, ?)",
        [(entry.name, entry.size, entry.stamp, entry.class_name, entry.problem) for entry in part.entries],
    )
    if part.is_last:
        # what is gone, or has changed since it was decoded
        connection.execute(
            "DELETE FROM picture WHERE NOT EXISTS (SELECT 1 FROM listed WHERE listed.name = picture.name AND listed.size = picture.size "
            "AND listed.stamp = picture.stamp AND listed.problem IS NULL)"
        )
        connection.execute("DELETE FROM pixels WHERE id NOT IN (SELECT id FROM picture)")
        connection.execute("UPDATE picture SET class = (SELECT class FROM listed WHERE listed.name = picture.name)")


def _forget_other_settings(connection: sqlite3.Connection, settings: DataParameters) -> None:
    """What was decoded with another geometry, or divided in another way, is of no use."""
    # of moving pictures also how many frames they are cut into
    frames = settings.picture_shape[:-3]
    decoding = json.dumps([settings.source, settings.location, settings.image.model_dump(mode="json"), *frames])
    if _about(connection, "decoding") != decoding:
        connection.execute("DELETE FROM picture")
        connection.execute("DELETE FROM pixels")
        _note(connection, "decoding", decoding)
    division = json.dumps([settings.held_out_share, settings.seed])
    if _about(connection, "division") != division:
        connection.execute("UPDATE picture SET is_held_out = NULL, like_name = NULL")
        _note(connection, "division", division)


def _save_decoding(connection: sqlite3.Connection, part: Decoding) -> None:
    columns = "name, size, stamp, class, problem, is_picture, width, height, digest, " + ", ".join(_BANDS)
    places = ", ".join("?" * (5 + len(_BANDS)))
    for result in part.results:
        added = connection.execute(
            f"INSERT OR REPLACE INTO picture ({columns}) SELECT name, size, stamp, class, {places} FROM listed WHERE name = ?",  # noqa: S608
            (result.problem, result.is_picture, result.width, result.height, result.digest, *result.bands, result.name),
        )
        if result.pixels is not None:
            connection.execute("INSERT OR REPLACE INTO pixels VALUES (?, ?)", (added.lastrowid, result.pixels))


def _complete(connection: sqlite3.Connection, part: Completion) -> None:
    _divide(connection, part.settings)
    _note(connection, "complete", _identity(part.settings, part.state))


def _divide(connection: sqlite3.Connection, settings: DataParameters) -> None:
    """Put every image that has no side yet on one, older ones first: on that of an image which looks the same, or else by a hash."""
    geometry = settings.image
    shape = geometry.height, geometry.width, geometry.channels
    assert settings.held_out_share is not None  # noqa: S101 (asked by the caller)
    connection.execute("DROP TABLE IF EXISTS temp.waiting")
    connection.execute(
        "CREATE TEMP TABLE waiting AS SELECT id FROM picture WHERE digest IS NOT NULL AND is_held_out IS NULL "
        "ORDER BY length(stamp), stamp, name"
    )
    # one walk for all: the order is that of `waiting`, and a side that is set on the way changes nothing that is read
    walk = connection.execute(
        f"SELECT id, digest, value, {_HASH}, {', '.join(_BANDS)} FROM waiting CROSS JOIN picture USING (id) CROSS JOIN pixels USING (id) "  # noqa: S608
        "ORDER BY waiting.rowid"
    )
    for number, digest, value, own, *parts in walk:
        pixels = np.frombuffer(value, np.uint8)
        like, side = _find_equal(connection, digest) or _find_like(connection, own, parts, _first(pixels, shape)) or (None, None)
        if side is None:
            side = int(draw_held_out(pixels, settings.held_out_share, settings.seed))
        connection.execute("UPDATE picture SET is_held_out = ?, like_name = ? WHERE id = ?", (side, like, number))


def _first(pixels: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """A picture, or the first frame of a moving one."""
    return pixels[: math.prod(shape)].reshape(shape)


def _find_equal(connection: sqlite3.Connection, digest: bytes) -> tuple[bytes, int] | None:
    """(name, side) of an image with the same pixels that has a side already."""
    query = "SELECT name, is_held_out FROM picture WHERE digest = ? AND is_held_out IS NOT NULL LIMIT 1"
    found: tuple[bytes, int] | None = connection.execute(query, (digest,)).fetchone()
    return found


def _find_like(connection: sqlite3.Connection, own: int | None, parts: Sequence[int], image: np.ndarray) -> tuple[bytes, int] | None:
    """(name, side) of an image that has a side already and looks the same; `own` is the hash of this one, in its `parts`."""
    if own is None:
        return None
    sharing = connection.execute(_SHARING, parts)
    alike = sorted({number for number, other in sharing if differing_bits(own, other) <= MOST_DIFFERING_BITS})
    for first in range(0, len(alike), _COMPARED_AT_ONCE):
        some = [_looked_up(connection, number) for number in alike[first : first + _COMPARED_AT_ONCE]]
        near = are_near(image, np.stack([_first(np.frombuffer(value, np.uint8), image.shape) for _, _, value in some]))
        if near.any():
            name, side, _ = some[int(near.argmax())]
            return name, side
    return None


def _looked_up(connection: sqlite3.Connection, number: int) -> tuple[bytes, int, bytes]:
    found: tuple[bytes, int, bytes] = connection.execute(
        "SELECT name, is_held_out, value FROM picture JOIN pixels USING (id) WHERE id = ?", (number,)
    ).fetchone()
    return found

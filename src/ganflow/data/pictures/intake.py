"""From a collection to its store: list what there is, decode what is new, put every image on its side."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ganflow.config.data import DataParameters
from ganflow.data.pictures import COLLECTIONS
from ganflow.data.pictures.collection import Collection, readable
from ganflow.data.pictures.decoding import Decoded, decode_all
from ganflow.data.pictures.geometry import check_background
from ganflow.data.pictures.store import Completion, Decoding, Listing, PicturePart, PictureStore, Untouched
from ganflow.data.sources.source import CHUNK_BYTES
from ganflow.data.splits import share_missing
from ganflow.errors import ConfigurationError, DataError

_LISTED_AT_ONCE = 1000
_SAVED_AT_ONCE = 256

_TAKEN = {
    "folder": ("classes",),
    "zip": ("classes",),
    "parquet": ("label_column",),
    "catalog": ("classes", "label_column"),
    "video_folder": ("classes",),
}
"""What may name the classes of a collection."""


def take_in(parameters: DataParameters, own_images: Any, store: PictureStore) -> Iterator[PicturePart]:
    """Parts to be saved in the store, one after the other; each has to be saved before the next one is asked for.

    Args:
        parameters: the collection, and what its pictures are brought to.
        own_images: what the catalog's dataset of that name holds.
        store: of what was made before.

    Raises:
        ConfigurationError: if the parameters do not suit the source.
        DataError: if the collection cannot be read, too many pictures cannot be decoded, or what is left is of no use.
    """
    if parameters.source not in COLLECTIONS:
        _check_unused(parameters)
        yield Untouched()
        return
    _check_used(parameters)
    collection = COLLECTIONS[parameters.source](parameters, own_images)
    if store.is_complete(parameters, collection.state):
        yield Untouched()
        return
    yield from _list(parameters, collection)
    num_missing, num_done = store.num_missing(), 0
    for results in _gathered(decode_all(collection.openers(store.missing()), parameters.image)):
        num_done += len(results)
        # saved first: the next run need not find it again
        yield Decoding(results, num_done, num_missing)
        _check_results(results, parameters)
    _check_counts(store, parameters)
    yield Completion(parameters, collection.state)


def _gathered(decoded: Iterator[list[Decoded]]) -> Iterator[list[Decoded]]:
    """Larger parts, since each is flushed to the disk: some hundred pictures, or as many as a chunk may hold."""
    gathered: list[Decoded] = []
    for results in decoded:
        gathered += results
        if len(gathered) >= _SAVED_AT_ONCE or sum(len(result.pixels or b"") for result in gathered) >= CHUNK_BYTES:
            yield gathered
            gathered = []
    if gathered:
        yield gathered


def _check_unused(parameters: DataParameters) -> None:
    given = {"data.classes": parameters.classes, "data.label_column": parameters.label_column}
    if wrong := [f"{name}={value}" for name, value in given.items() if value is not None]:
        raise ConfigurationError(
            f"Got {' and '.join(wrong)} for the source '{parameters.source}', which brings its own classes; expected null. Leave it out."
        )


def _check_used(parameters: DataParameters) -> None:
    check_background(parameters.image.background)
    if parameters.held_out_share is None:
        raise share_missing(parameters.source)
    taken = _TAKEN[parameters.source]
    for name in ("classes", "label_column"):
        if getattr(parameters, name) is not None and name not in taken:
            others = " or ".join(f"data.{other}" for other in taken)
            raise ConfigurationError(f"Got data.{name} for the source '{parameters.source}', which takes {others}. Leave it out.")


def _list(parameters: DataParameters, collection: Collection) -> Iterator[Listing]:
    listed, is_first = collection.list(), True
    while entries := list(islice(listed, _LISTED_AT_ONCE)):
        yield Listing(parameters, entries, is_first)
        is_first = False
    yield Listing(parameters, [], is_first, is_last=True)


def _check_results(results: list[Decoded], parameters: DataParameters) -> None:
    bad = next((result for result in results if result.problem is not None and result.is_picture), None)
    if bad is not None and parameters.on_bad_image == "fail":
        raise DataError(
            f"Got the picture {readable(bad.name)}: {bad.problem}. Mend or remove it, or leave such out: data.on_bad_image=skip."
        )


def _check_counts(store: PictureStore, parameters: DataParameters) -> None:
    num_images, problems = store.num_images(), store.problems(most=3)
    examples = "; ".join(f"{name}: {problem}" for name, problem in problems.rows)
    if num_images == 0:
        why = f", of {problems.num} that cannot be used ({examples})" if problems.num else ""
        raise DataError(f"Got no picture at {parameters.location or 'own_images'}{why}; expected some. Correct data.location.")
    if problems.num and parameters.on_bad_image == "fail":
        raise DataError(f"Got a picture that cannot be used: {examples}. Mend or remove it, or set data.on_bad_image=skip.")
    share = problems.num / (problems.num + num_images)
    if share > parameters.max_bad_fraction:
        raise DataError(
            f"Got {problems.num} pictures that cannot be used, {share:.1%} of all; expected {parameters.max_bad_fraction:.1%} at most "
            f"(data.max_bad_fraction). {examples}. Mend or remove them, or raise data.max_bad_fraction."
        )
    _check_classes(store.class_counts())


def _check_classes(counts: dict[str, int]) -> None:
    if len(counts) == 1:
        raise DataError(
            f"Got one class, '{next(iter(counts))}', expected none or several. Set data.classes and data.label_column to null, or give "
            "pictures of other classes."
        )
    if rare := [name for name, count in counts.items() if count < 2]:
        names = ", ".join(f"'{name[:40]}'" for name in rare[:3])
        raise DataError(
            f"Got {len(rare)} of {len(counts)} classes with one image only ({names}), expected two or more, of which one can be held out. "
            "Give more, or remove the class."
        )

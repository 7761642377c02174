"""The bytes of one file, from a folder or a web address, compressed or not."""

from __future__ import annotations

import atexit
import gzip
import shutil
import tempfile
import zlib
from functools import cache
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import url2pathname, urlopen

from ganflow.errors import ConfigurationError, DataError

DOWNLOAD_TIMEOUT_SECONDS = 30.0
GZIP_MAGIC = b"\x1f\x8b"
# Object stores answer 403 for a file that is not there.
ABSENT_STATUS = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


def read_bytes(location: str, name: str) -> bytes:
    """Bytes of the file `name` or `name`.gz at a folder or a URL prefix."""
    folder = _folder(location)
    if folder is None:
        return _download(location, name)
    file = _find(folder, name)
    try:
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(folder, name, error) from error


def file_state(location: str, name: str) -> str:
    """Text that changes when the file does, found without reading it; of what a URL has, the URL alone."""
    folder = _folder(location)
    if folder is None:
        return f"{location} {name}"
    return state_of(_find(folder, name))


def state_of(file: Path) -> str:
    """Text that changes when a file does: its path, size and time of its last change."""
    about = file.stat()
    return f"{file.resolve()} {about.st_size} {about.st_mtime_ns}"


def local_file(location: str | None, kind: str) -> Path:
    """The file at a location that has to be one.

    Args:
        location: path or file:/// URL.
        kind: what is expected, for errors.

    Raises:
        ConfigurationError: if there is no location, or it is another kind of URL.
        DataError: if there is no such file.
    """
    path = _local(location, kind)
    if not path.is_file():
        raise DataError(f"Got data.location {path}, which is no file; expected {kind}. Correct data.location.")
    return path


def local_folder(location: str | None, kind: str) -> Path:
    """The folder at a location that has to be one; arguments and errors as of `local_file`."""
    path = _local(location, kind)
    if not path.is_dir():
        raise DataError(f"Got data.location {path}, which is no folder; expected {kind}. Correct data.location.")
    return path


def local_copy(location: str | None, kind: str) -> tuple[Path, str]:
    """A file here, or one behind an https:// address, fetched for as long as this process lives.

    Returns:
        Its path, and text that changes when the file does: size and time, or what the server says of it.

    Raises:
        ConfigurationError: if there is no location, or it is a URL of another kind.
        DataError: if there is no such file, or it cannot be fetched.
    """
    if location and location.lower().startswith("https://"):
        return _fetch(location)
    file = local_file(location, f"an https:// address, or {kind}")
    return file, state_of(file)


def _local(location: str | None, kind: str) -> Path:
    path = None if not location else _folder(location)
    if path is None:
        raise ConfigurationError(f"Got data.location {location!r}, expected {kind} on this machine. Set data.location to its path.")
    return path


@cache
def _fetch(url: str) -> tuple[Path, str]:
    folder = tempfile.TemporaryDirectory(prefix="ganflow-")
    atexit.register(folder.cleanup)
    target = Path(folder.name) / "fetched"
    try:
        with urlopen(url, timeout=DOWNLOAD_TIMEOUT_SECONDS) as response, target.open("wb") as file:  # noqa: S310 (https only)
            shutil.copyfileobj(response, file)
            headers = [response.headers.get(name) for name in ("ETag", "Last-Modified", "Content-Length")]
    except (OSError, HTTPException, ValueError) as error:
        raise _download_error(url, error) from error
    return target, f"{url} {headers} {target.stat().st_size}"


def _folder(location: str) -> Path | None:
    """The path that a location means; None if it means the web."""
    scheme, separator, rest = location.partition("://")
    if not separator:
        return Path(location).expanduser()
    if scheme.lower() in ("http", "https"):
        return None
    if scheme.lower() == "file" and rest.startswith("/"):
        return Path(url2pathname(rest))
    raise ConfigurationError(
        f"Got data.location {location!r}, expected a folder, or a URL that begins with http://, https:// or file:/// (three slashes). "
        f"Set data.location to one of these."
    )


def _find(folder: Path, name: str) -> Path:
    candidates = [folder / name, folder / f"{name}.gz"]
    try:
        if not folder.is_dir():
            raise DataError(f"Got data.location {folder}, which is not a folder; expected one with {name}. Correct data.location.")
        for candidate in candidates:
            if candidate.exists():
                return candidate
    except OSError as error:
        raise _unreadable(folder, name, error) from error
    looked_for = " or ".join(candidate.name for candidate in candidates)
    raise DataError(f"Got no file {name} in {folder}, expected {looked_for}. Put the file there, or correct data.location.")


def _unreadable(folder: Path, name: str, error: OSError) -> DataError:
    return DataError(f"Cannot read {name} in {folder}: got {error}; expected a readable file. Check it and its permissions.")


def _download(prefix: str, name: str) -> bytes:
    """The file below an http(s) URL prefix, compressed as mirrors have it or else plain, whole in memory."""
    absent = []
    for candidate in (f"{name}.gz", name):
        url = f"{prefix.rstrip('/')}/{candidate}"
        try:
            with urlopen(url, timeout=DOWNLOAD_TIMEOUT_SECONDS) as response:  # noqa: S310 - the caller lets through http and https only
                content: bytes = response.read()
                return content
        except HTTPError as error:
            error.close()
            if error.code not in ABSENT_STATUS:
                raise _download_error(url, error) from error
            absent.append(f"{candidate} (HTTP {error.code})")
        except (OSError, HTTPException, ValueError) as error:  # unreachable or timed out, cut short, not a URL
            raise _download_error(url, error) from error
    raise DataError(
        f"Got no file {name} at {prefix}, expected {' or '.join(absent)}. Set data.location to a prefix that has it, or to a folder."
    )


def _download_error(url: str, error: Exception) -> DataError:
    return DataError(
        f"Cannot download {url}: got {error!r}, expected the file within {DOWNLOAD_TIMEOUT_SECONDS:g} s of silence at most. "
        f"Try again, or set data.location to another prefix or to a folder."
    )


def decompress(content: bytes, name: str) -> bytes:
    """The bytes themselves, or what they hold if they are gzip, whatever the file is called: some servers decompress on the way."""
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"{name}.gz is truncated or damaged: got {len(content)} bytes ({error}), expected a whole gzip file. Fetch it again."
        ) from error

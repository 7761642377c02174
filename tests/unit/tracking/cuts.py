"""A process that is killed between two of its calls of MLflow's client."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from ganflow.tracking.store import Store


class Killed(BaseException):
    """Nothing in the process goes on after it."""


class Calls:
    """Calls of all clients in one process that write, counted from 0. The call number `cut` does not happen, nor does any later one.

    To be killed before a call that only reads is to be killed before the next one that writes.
    """

    def __init__(self, cut: int) -> None:
        self.cut, self.num, self.was_killed = cut, 0, False

    def begin(self) -> None:
        if self.num == self.cut:
            self.was_killed = True
            raise Killed
        self.num += 1


class CountedClient:
    """A real client."""

    def __init__(self, calls: Calls, client: Any) -> None:
        self._calls, self._client = calls, client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        if name.startswith(("get_", "search_")):
            return method

        def call(*arguments: Any, **options: Any) -> Any:
            self._calls.begin()
            return method(*arguments, **options)

        return call


@contextmanager
def killed_before_call(cut: int) -> Iterator[Calls]:
    """What asks a store for a client within it is killed before the call of that number; it never comes to it if it makes fewer."""
    calls, connect = Calls(cut), Store.client
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "client", lambda store: CountedClient(calls, connect(store)))
        with suppress(Killed):
            yield calls

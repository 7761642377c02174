"""An empty store takes seconds to make: it is made once and copied."""

import shutil

import pytest

from ganflow.tracking.store import Store


@pytest.fixture(scope="session")
def empty_database(made_once):
    return Store(made_once("empty-store", lambda folder: Store(folder).client().search_experiments())).database


@pytest.fixture
def embedded_store(empty_database):
    """Function that puts an empty store into a folder."""

    def place(folder):
        folder.mkdir(parents=True)
        store = Store(folder)
        shutil.copy(empty_database, store.database)
        return store

    return place

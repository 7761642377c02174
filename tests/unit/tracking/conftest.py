"""An empty store takes seconds to make: it is made once and copied."""

import shutil

import pytest

from ganflow.tracking.store import Store


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    store.client().search_experiments()
    return store.database


@pytest.fixture
def embedded_store(empty_database):
    """Function that puts an empty store into a folder."""

    def place(folder):
        folder.mkdir(parents=True)
        store = Store(folder)
        shutil.copy(empty_database, store.database)
        return store

    return place

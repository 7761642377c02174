import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from dataset_cases import hidden_files
from kedro.io import DatasetError

from ganflow.datasets.atomic import atomic_folder, atomic_path, stored_folder


def write_folder(target, content):
    with atomic_folder(target) as temporary:
        (temporary / "inner").mkdir()
        (temporary / "a.txt").write_text(content)
        (temporary / "inner" / "b.txt").write_text(content)


def read_folder(target):
    folder = stored_folder(target)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.txt")}


def write_and_raise(path, error):
    path.write_text("new")
    raise error


def whole(content):
    return {"a.txt": content, "inner/b.txt": content}


def test_the_body_writes_to_an_empty_hidden_file_of_the_same_folder_and_suffix(tmp_path):
    target = tmp_path / "model.v2.keras"
    with atomic_path(target) as temporary:
        assert (temporary.parent, temporary.suffix, temporary.name[0]) == (tmp_path, ".keras", ".")
        assert temporary.read_bytes() == b""
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt, SystemExit])
def test_any_exception_of_the_body_comes_through_and_leaves_the_old_file(tmp_path, interruption):
    target = tmp_path / "a.json"
    target.write_text("old")
    with pytest.raises(interruption), atomic_path(target) as temporary:
        write_and_raise(temporary, interruption)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt])
def test_any_exception_of_the_body_comes_through_and_leaves_the_old_folder(tmp_path, interruption):
    target = tmp_path / "samples"
    write_folder(target, "old")
    with pytest.raises(interruption), atomic_folder(target) as temporary:
        write_and_raise(temporary / "a.txt", interruption)
    assert read_folder(target) == whole("old")
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("there_before", "consequence"),
    [(True, "What was stored there before is untouched"), (False, "Nothing was stored there before, and nothing is now")],
)
def test_an_error_of_the_system_becomes_one_that_names_file_reason_and_consequence(tmp_path, there_before, consequence):
    target = tmp_path / "a.json"
    if there_before:
        target.write_text("old")
    with pytest.raises(DatasetError) as caught, atomic_path(target) as temporary:
        temporary.with_name("no such folder").joinpath("x").write_text("new")
    assert str(caught.value) == f"Cannot write {target}: No such file or directory. {consequence}. Remedy the cause and run again."
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_a_file_where_a_parent_folder_should_be_is_told_as_such(tmp_path):
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(NotADirectoryError), atomic_path(tmp_path / "a.json" / "version" / "a.json"):
        raise AssertionError
    with pytest.raises(DatasetError, match="got a file of that name"), atomic_folder(tmp_path / "a.json"):
        raise AssertionError
    assert (tmp_path / "a.json").read_text() == "old"


def test_a_new_file_has_the_permissions_that_the_umask_gives(tmp_path):
    before = os.umask(0o027)
    try:
        with atomic_path(tmp_path / "a") as temporary:
            temporary.write_text("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_link_stays_one_and_its_target_is_replaced(tmp_path):
    (tmp_path / "big disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "big disk" / "file")
    (tmp_path / "folder link").symlink_to(tmp_path / "big disk" / "folder")
    with atomic_path(tmp_path / "link") as temporary:
        temporary.write_text("x")
    write_folder(tmp_path / "folder link", "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder link").is_symlink()
    assert (tmp_path / "big disk" / "file").read_text() == "x"
    assert read_folder(tmp_path / "folder link") == whole("x")


def test_leftovers_of_the_same_target_are_removed_and_nothing_else(tmp_path):
    target = tmp_path / "a.json"
    abandoned = [tmp_path / ".a.json.0123abcd.partial.json", tmp_path / ".a.json.ffffffff.partial.json"]
    others = [".b.json.0123abcd.partial.json", ".a.0123abcd.partial", ".a.json.b.0123abcd.partial.json", ".a.json.mine", "a.json.partial"]
    for path in [*abandoned, *(tmp_path / name for name in others)]:
        path.write_text("x")
    with atomic_path(target) as temporary:
        temporary.write_text("new")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "a.json"])


def test_a_save_leaves_another_that_is_going_on_alone(tmp_path):
    with atomic_path(tmp_path / "a") as first:
        first.write_text("first")
        with atomic_path(tmp_path / "a") as second:
            second.write_text("second")
        assert first.exists()
        assert (tmp_path / "a").read_text() == "second"
    assert (tmp_path / "a").read_text() == "first"
    with atomic_folder(tmp_path / "b") as first:
        write_folder(tmp_path / "b", "second")
        assert first.exists()


def test_content_is_on_disk_before_the_rename(tmp_path, monkeypatch):
    events = []
    fsync, path_type = os.fsync, type(tmp_path)
    replace = path_type.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (events.append(stat.S_ISDIR(os.fstat(descriptor).st_mode)), fsync(descriptor)))
    with atomic_path(tmp_path / "a") as temporary:
        temporary.write_text("x")
        monkeypatch.setattr(path_type, "replace", lambda *paths: (events.append("rename"), replace(*paths)))
    # the file, the rename, the folder that lists it
    assert events == [False, "rename", True]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "new" / "samples"
    assert stored_folder(target) is None
    write_folder(target, "old")
    (target / "surplus.txt").write_text("old")
    write_folder(target, "new")
    assert read_folder(target) == whole("new")
    assert list(target.parent.iterdir()) == [target]


# The renames of one save: old aside, new into place, old out of the way.
@pytest.mark.parametrize(("num_renames", "survivor"), [(0, "old"), (1, "old"), (2, "new"), (3, "new")])
def test_a_folder_is_whole_wherever_a_kill_strikes(tmp_path, num_renames, survivor):
    target = tmp_path / "samples"
    write_folder(target, "old")
    code = f"""
        import os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_atomic import write_folder

        renames, rename = 0, Path.rename

        def rename_or_die(self, target):
            global renames
            if renames == {num_renames}:
                os.kill(os.getpid(), signal.SIGKILL)
            renames += 1
            return rename(self, target)

        def die(*_, **__):
            os.kill(os.getpid(), signal.SIGKILL)

        import shutil
        Path.rename, shutil.rmtree = rename_or_die, die
        write_folder(Path({str(target)!r}), "new")
    """
    process = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, capture_output=True)
    assert process.returncode == -signal.SIGKILL
    assert hidden_files(tmp_path)
    assert read_folder(target) == whole(survivor)
    write_folder(target, "newest")
    assert read_folder(target) == whole("newest")
    assert list(tmp_path.iterdir()) == [target]


def test_a_swap_that_fails_half_way_is_undone(tmp_path, monkeypatch):
    target = tmp_path / "samples"
    write_folder(target, "old")
    rename = type(target).rename

    def refuse_the_new(self, new_name):
        if ".partial" in self.name and new_name == target:
            raise PermissionError(1, "Operation not permitted")
        return rename(self, new_name)

    monkeypatch.setattr(type(target), "rename", refuse_the_new)
    with pytest.raises(DatasetError, match="Operation not permitted. What was stored there before is untouched"):
        write_folder(target, "new")
    assert target.is_dir()
    assert read_folder(target) == whole("old")
    assert list(tmp_path.iterdir()) == [target]

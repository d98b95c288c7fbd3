"""What is written takes its place whole, or leaves no trace."""

from pathlib import Path

import pytest

from stages.files import whole_file, whole_folder


class BoomError(Exception):
    """What goes wrong in the middle of writing."""


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def write_file(path: Path, content: str, *failure: BaseException) -> None:
    with whole_file(path) as partial:
        partial.write_text(content)
        for error in failure:
            raise error


def write_folder(path: Path, content: dict[str, str], *failure: BaseException) -> None:
    with whole_folder(path) as partial:
        for name, text in content.items():
            (partial / name).parent.mkdir(exist_ok=True)
            (partial / name).write_text(text)
        for error in failure:
            raise error


def test_a_file_appears_with_its_folders_and_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "file.txt"
    write_file(path, "old")
    assert tree(tmp_path) == {"new/deep/file.txt": "old"}
    write_file(path, "new")
    assert tree(tmp_path) == {"new/deep/file.txt": "new"}


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with whole_file(path) as partial:
        partial.write_text("ne")
        assert path.read_text() == "old"
        assert partial.parent == path.parent  # on the same disk, so that the move is one step
    assert not partial.exists()


@pytest.mark.parametrize("failure", [BoomError(), KeyboardInterrupt(), SystemExit(1)])
@pytest.mark.parametrize("before", [{}, {"file.txt": "old"}])
def test_a_failure_leaves_the_file_as_it_was(
    tmp_path: Path, before: dict[str, str], failure: BaseException
) -> None:
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(type(failure)):
        write_file(tmp_path / "file.txt", "half", failure)
    assert tree(tmp_path) == before


def test_writing_nothing_is_a_failure_that_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), whole_file(path):
        pass
    assert tree(tmp_path) == {"file.txt": "old"}


def test_a_folder_takes_the_place_of_the_old_one_and_of_all_its_files(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    write_folder(path, {"a": "1", "sub/b": "2"})
    assert tree(path) == {"a": "1", "sub/b": "2"}
    write_folder(path, {"a": "3"})
    assert tree(tmp_path) == {"new/folder/a": "3"}
    assert [each.name for each in path.parent.iterdir()] == ["folder"]


@pytest.mark.parametrize("failure", [BoomError(), KeyboardInterrupt()])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path, failure: BaseException) -> None:
    path = tmp_path / "folder"
    write_folder(path, {"a": "1", "sub/b": "2"})
    with pytest.raises(type(failure)):
        write_folder(path, {"a": "3", "c": "4"}, failure)
    assert tree(tmp_path) == {"folder/a": "1", "folder/sub/b": "2"}
    with pytest.raises(type(failure)):
        write_folder(tmp_path / "other", {"a": "3"}, failure)
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_what_a_killed_run_left_behind_does_not_get_into_the_next(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with whole_folder(path) as partial:
        pass
    partial.mkdir()
    (partial / "stale").write_text("from the killed run")
    write_folder(path, {"a": "1"})
    assert tree(tmp_path) == {"folder/a": "1"}

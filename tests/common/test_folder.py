"""A folder of pictures becomes a data set: what is taken, what is refused, what is held out."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.common.files.atomic import StageError
from stages.common.files.paths import RAW, RAW_DATASET
from stages.common.images.dataset import load_dataset_info
from stages.common.images.drawing import prepare
from stages.common.images.folder import held_out, listed_classes
from stages.common.images.idx import read_idx
from stages.fetch import fetch
from tests.pipelines import PARAMS
from tests.sample import call

Capture = pytest.CaptureFixture[str]
RNG = np.random.default_rng(0)


def drawn(kind: str, height: int = 40, width: int = 30) -> Image.Image:
    """A dark bar on white, lying or standing, somewhere in the picture."""
    levels = np.full((height, width), 255, np.uint8)
    top, left = (int(RNG.integers(3, 8)) for _ in range(2))
    tall, broad = (6, 20) if kind == "lying" else (24, 6)
    levels[top : top + tall, left : left + broad] = RNG.integers(0, 60)
    return Image.fromarray(levels)


def write(folder: Path, counts: dict[str, int], **shape: int) -> None:
    """Pictures picture1.png, picture2.png, ... of every class, by its name."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(1, count + 1):
            drawn(name, **shape).save(folder / name / f"picture{number}.png")


def gather(folder: Path, **pictures: Any) -> dict[str, np.ndarray[Any, Any]]:
    """What ``fetch`` makes of a folder: images and labels by the names of their files."""
    values = {f"pictures.{name}": value for name, value in pictures.items()}
    call(fetch, **{**PARAMS["fetch"], "dataset": "folder", "folder": str(folder), **values})
    dimensions = {"images": 3, "labels": 1}
    return {
        f"{part}_{kind}": np.array(read_idx(RAW / f"{prefix}-{kind}-idx{n}-ubyte", n))
        for part, prefix in (("train", "train"), ("test", "t10k"))
        for kind, n in dimensions.items()
    }


def test_pictures_of_any_size_and_mode_become_images_as_predict_makes_them(empty: Path) -> None:
    write(empty / "mine", {"lying": 12, "standing": 12})
    for number, mode in enumerate(("RGB", "P", "1", "RGBA", "CMYK"), start=1):
        drawn("lying", 50 * number, 41).convert(mode).save(empty / f"mine/lying/{mode}.tiff")
    arrays = gather(empty / "mine", height=20, width=24)
    assert arrays["train_images"].shape == (10 + 14, 20, 24)
    assert arrays["test_images"].shape == (2 + 3, 20, 24)
    known = load_dataset_info(RAW_DATASET)
    assert (known.name, known.classes) == ("folder", ("lying", "standing"))
    every = np.concatenate([arrays["train_images"], arrays["test_images"]])
    labels = np.concatenate([arrays["train_labels"], arrays["test_labels"]])
    made = {image.tobytes() for image in every[labels == 0]}
    for path in (empty / "mine/lying").iterdir():
        levels = np.asarray(Image.open(path).convert("RGB").convert("L"))
        assert prepare(levels, 20, 24).tobytes() in made
    ink = every > 127
    rows, columns = ink.any(axis=2).sum(axis=1), ink.any(axis=1).sum(axis=1)
    assert ((rows < columns) == (labels == 0)).all()


def test_pictures_as_they_are_keep_every_level(empty: Path, capsys: Capture) -> None:
    write(empty / "mine", {"lying": 4, "standing": 4}, height=40, width=30)
    drawn("lying", 41, 30).save(empty / "mine/lying/other.png")
    arrays = gather(empty / "mine", prepare="none", test_share=0.5)
    every = np.concatenate([arrays["train_images"], arrays["test_images"]])
    files = [np.asarray(Image.open(path)) for path in (empty / "mine").rglob("picture*")]
    assert {image.tobytes() for image in every} == {levels.tobytes() for levels in files}
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"refused: .*other.png: expected 40 x 30 pixels, .* got 41 x 30; .*", line)


def test_what_is_no_picture_is_refused_with_a_line_and_the_rest_is_taken(
    empty: Path, capsys: Capture
) -> None:
    write(empty / "mine", {"lying": 10, "standing": 10})
    (empty / "mine/lying/notes.txt").write_text("no picture")
    (empty / "mine/lying/.hidden").write_text("not looked at")
    (empty / "mine/lying/inner").mkdir()
    Image.new("L", (30, 30), 255).save(empty / "mine/standing/blank.png")
    (empty / "mine/README.md").write_text("not looked at")
    arrays = gather(empty / "mine")
    assert [len(arrays[f"{part}_labels"]) for part in ("train", "test")] == [16, 4]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(r"refused: \S*notes.txt: expected a picture .*", lines[0])
    assert re.fullmatch(r"refused: \S*blank.png: .* found no ink; draw it stronger", lines[1])


def test_a_share_of_every_class_is_held_out_and_a_seed_decides_which(empty: Path) -> None:
    write(empty / "mine", {"lying": 30, "standing": 11})
    arrays = gather(empty / "mine", test_share=0.3, seed=1)
    assert np.bincount(arrays["test_labels"]).tolist() == [9, 3]
    assert np.bincount(arrays["train_labels"]).tolist() == [21, 8]
    again, other = (gather(empty / "mine", test_share=0.3, seed=seed) for seed in (1, 2))
    assert (again["test_images"] == arrays["test_images"]).all()
    assert (other["test_images"] != arrays["test_images"]).any()
    assert np.diff(arrays["train_labels"].astype(int)).any()  # the classes are mixed


def test_every_class_has_one_picture_to_train_on_and_one_to_test_on() -> None:
    assert [held_out(count, 0.2) for count in (2, 3, 7, 10, 100)] == [1, 1, 1, 2, 20]
    assert [held_out(count, 0.9) for count in (2, 3, 10)] == [1, 2, 9]


def test_a_class_of_few_pictures_is_told_and_of_one_refused(empty: Path, capsys: Capture) -> None:
    write(empty / "mine", {"lying": 12, "standing": 3})
    gather(empty / "mine")
    assert "standing: 3 pictures say little of a class" in capsys.readouterr().out
    (empty / "mine/none").mkdir()
    (empty / "mine/none/train").mkdir()
    with pytest.raises(StageError, match=r"none: expected 2 pictures or more, .*, got 0 \(pictur"):
        gather(empty / "mine")


def test_classes_and_pictures_come_in_the_order_in_which_people_count(empty: Path) -> None:
    write(empty / "mine", {"10": 1, "9": 11, "b": 1, "a": 1})
    classes = listed_classes(empty / "mine")
    assert [*classes] == ["9", "10", "a", "b"]
    assert [path.stem for path in classes["9"]] == [f"picture{n}" for n in range(1, 12)]


def test_a_link_may_lead_to_the_folder_and_not_to_a_class(empty: Path) -> None:
    write(empty / "mine", {"lying": 2, "standing": 2})
    (empty / "link").symlink_to("mine")
    assert [*listed_classes(empty / "link")] == ["lying", "standing"]
    (empty / "mine/third").symlink_to("lying")
    with pytest.raises(StageError, match=r"mine/third: expected a folder, got a link to one, "):
        listed_classes(empty / "mine")


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "expected 2 to 256 sub-folders in mine, one for each class, got 0"),
        (["a"], "expected 2 to 256 sub-folders in mine, one for each class, got 1"),
        (["a", "thirteen-long"], "names of 1 to 12 characters, got 'thirteen-long'; rename it"),
        (None, "expected a folder of pictures, a sub-folder a class, got mine, which is none"),
    ],
)
def test_folders_of_another_form_are_refused(
    names: list[str] | None, reason: str, empty: Path
) -> None:
    for name in names or []:
        (empty / "mine" / name).mkdir(parents=True)
    if names == []:
        (empty / "mine").mkdir()
    with pytest.raises(StageError, match=re.escape(reason)) as error:
        listed_classes(Path("mine"))
    assert "\n" not in str(error.value)

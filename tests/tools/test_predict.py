"""The command that reads pictures: every kind of file is answered or refused in one line."""

import io
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nn import Network
from stages.common.files.atomic import StageError
from stages.common.images.classes import numbered
from stages.common.images.drawing import prepare, rasterize
from stages.common.images.ink import Levels
from stages.common.images.pictures import MOST_PIXELS, printable, read_picture
from stages.common.images.preprocess import Preprocessing, unit_scaling
from stages.common.models.model import Model, load_model, save_model
from stages.common.runtime.imports import ROOT
from stages.tools.predict import Answer, draw
from tests.common.test_drawing import HANDS, photo

FIVE = rasterize(HANDS["upright"][5], 200, 0.06)
NETWORK = re.compile(r"network: 784-16-10, of no recipe; one that reads more .*: dvc exp run .*\n")
LINE = re.compile(r"(.+): (\d) \((\d\.\d\d)\), then (\d) \((\d\.\d\d)\)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place with a network that has not learned anything."""
    rng = np.random.default_rng(0)
    network = Network.random((784, 16, 10), "sigmoid", "quadratic", rng=rng, gain=4)
    model = Model(network, Preprocessing(28, 28, False, False, *unit_scaling()))
    save_model(tmp_path / "models/network.npz", model)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "stages.tools.predict", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def save(path: Path, levels: Levels, mode: str | None = None) -> Path:
    picture = Image.fromarray(levels)
    (picture.convert(mode) if mode else picture).save(path)
    return path


def test_each_file_is_answered_in_a_line_by_the_models_two_brightest_outputs(folder: Path) -> None:
    save(folder / "five.png", FIVE)
    save(folder / "photo.jpg", photo(rasterize(HANDS["leaning"][7], 300, 0.05), 0))
    result = run(folder, "five.png", "photo.jpg")
    assert result.returncode == 0
    assert NETWORK.fullmatch(result.stderr)
    lines = [LINE.fullmatch(line) for line in result.stdout.splitlines()]
    assert [line[1] for line in lines if line] == ["five.png", "photo.jpg"]
    outputs = load_model(folder / "models/network.npz").outputs(prepare(FIVE)[np.newaxis])[0]
    first, second = np.argsort(-outputs)[:2]
    assert result.stdout.startswith(
        f"five.png: {first} ({outputs[first]:.2f}), then {second} ({outputs[second]:.2f})\n"
    )


def test_what_cannot_be_read_is_named_and_the_rest_is_answered(folder: Path) -> None:
    save(folder / "five.png", FIVE)
    save(folder / "blank.png", np.full((40, 30), 255, np.uint8))
    (folder / "words\nof.png").write_text("no picture")
    (folder / "cut.png").write_bytes((folder / "five.png").read_bytes()[:200])
    names = ["blank.png", "words\nof.png", "cut.png", "nowhere.png", ".", "five.png"]
    result = run(folder, *names)
    assert result.returncode == 1
    assert LINE.fullmatch(result.stdout.strip())
    assert result.stdout.startswith("five.png: ")
    *errors, network = result.stderr.splitlines()
    assert NETWORK.fullmatch(network + "\n")
    assert len(errors) == 5
    for error, name in zip(errors, names, strict=False):
        assert error.startswith(f"error: {name.replace(chr(10), '?')}: ")
    assert errors[0].endswith("found no ink; draw it stronger")
    assert errors[3].endswith("no such file")


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ([], 1, "predict: expected one or more pictures"),
        (["a.png", "--figure", "seen.svg"], 1, "seen.svg: expected a name that ends in .png"),
        (["a.png", "--draw"], 2, "no such parameter"),
    ],
)
def test_a_wrong_command_is_refused_in_one_line(
    folder: Path, arguments: list[str], code: int, complaint: str
) -> None:
    result = run(folder, *arguments)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert complaint in result.stderr


def test_without_a_network_the_command_says_what_to_run(tmp_path: Path) -> None:
    result = run(tmp_path, "five.png")
    assert result.returncode == 1
    assert result.stderr == "error: models/network.npz: no such file; run dvc repro\n"


def test_the_figure_is_the_same_bytes_each_time(folder: Path) -> None:
    save(folder / "five.png", FIVE)
    save(folder / "three.png", rasterize(HANDS["upright"][3], 200, 0.06))
    pictures = []
    for _ in range(2):
        result = run(folder, "five.png", "three.png", "--figure", "drawn/seen.png")
        assert result.returncode == 0
        assert NETWORK.fullmatch(result.stderr)
        pictures.append((folder / "drawn/seen.png").read_bytes())
    assert pictures[0] == pictures[1]
    with Image.open(folder / "drawn/seen.png") as figure:
        assert figure.width > 1000
    assert sorted(path.name for path in (folder / "drawn").iterdir()) == ["seen.png"]


def test_no_figure_is_drawn_of_nothing(folder: Path) -> None:
    assert run(folder, "nowhere.png", "--figure", "seen.png").returncode == 1
    assert not (folder / "seen.png").exists()


@pytest.mark.parametrize("classes", [1, 2, 26, 47])
def test_the_figure_takes_any_number_of_classes_and_pictures(tmp_path: Path, classes: int) -> None:
    outputs, names = np.linspace(0, 1, classes), numbered(classes)
    answers = [Answer(f"$x_{k}$", np.zeros((8, 20), np.uint8), outputs, names) for k in range(41)]
    draw(answers if classes == 47 else answers[:1], tmp_path / "seen.png")
    assert (tmp_path / "seen.png").stat().st_size > 1000
    assert answers[0].line.startswith(f"$x_0$: {classes - 1} (")


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "tif", "ppm", "webp"])
@pytest.mark.parametrize("mode", [None, "RGB", "1", "P"])
def test_all_formats_and_modes_give_the_same_grey_levels(
    tmp_path: Path, suffix: str, mode: str | None
) -> None:
    black_and_white = np.where(FIVE > 127, 255, 0).astype(np.uint8)
    if (suffix, mode) in {("webp", "1"), ("webp", "P"), ("ppm", "P")}:
        mode = "RGB"  # these formats have no such mode
    path = save(tmp_path / f"five.{suffix}", black_and_white, mode)
    difference = np.abs(read_picture(path).levels.astype(int) - black_and_white)
    assert np.percentile(difference, 90) <= 3  # WebP rounds


def test_deep_and_transparent_pictures_are_grey_on_white(tmp_path: Path) -> None:
    deep = Image.fromarray(FIVE.astype(np.uint16) * 257)
    deep.save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.png").levels, FIVE)
    clear = np.zeros((*FIVE.shape, 4), np.uint8)
    clear[..., 3] = FIVE  # black ink on nothing
    save(tmp_path / "clear.png", clear)
    np.testing.assert_array_equal(read_picture(tmp_path / "clear.png").levels, 255 - FIVE)


@pytest.mark.parametrize("white", [1, 255, 4095, 65535])
@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_deep_pictures_are_read_whatever_their_white_is(
    tmp_path: Path, white: int, kind: type[np.number]
) -> None:
    levels = FIVE.astype(np.float64) * white / 255
    rounded = levels if kind is np.float32 else np.floor(levels + 0.5)
    path = tmp_path / "deep.tif"
    Image.fromarray(rounded.astype(kind)).save(path)
    difference = np.abs(read_picture(path).levels.astype(int) - FIVE)
    assert difference.max() <= (128 if white == 1 and kind is not np.float32 else 1)


@pytest.mark.parametrize("levels", [(-3, 7), (0, 70000), (0, np.nan), (0, np.inf)])
def test_levels_of_no_known_range_are_refused_with_it(
    tmp_path: Path, levels: tuple[float, float]
) -> None:
    strange = np.where(FIVE > 127, *levels).astype(np.float32)
    Image.fromarray(strange).save(tmp_path / "strange.tif")
    with pytest.raises(StageError, match=r"strange\.tif: .*65535, got float32, .* to") as refusal:
        read_picture(tmp_path / "strange.tif")
    assert str(refusal.value).count("\n") == 0


def test_white_strokes_on_nothing_are_read_as_black_ones_are(tmp_path: Path) -> None:
    for name, level in (("white", 255), ("black", 0)):
        strokes = np.full((*FIVE.shape, 4), level, np.uint8)
        strokes[..., 3] = FIVE
        save(tmp_path / f"{name}.png", strokes)
    white, black = (read_picture(tmp_path / f"{name}.png").levels for name in ("white", "black"))
    np.testing.assert_array_equal(prepare(white), prepare(black))
    np.testing.assert_array_equal(white, FIVE)


@pytest.mark.parametrize("mode", ["CMYK", "P", "LA", "PA", "YCbCr", "1"])
def test_colours_of_every_kind_are_read(tmp_path: Path, mode: str) -> None:
    ink = np.where(FIVE > 127, 0, 255).astype(np.uint8)
    Image.fromarray(ink).convert("RGB").convert("L").convert(mode).save(tmp_path / "ink.tif")
    np.testing.assert_array_equal(read_picture(tmp_path / "ink.tif").levels > 127, ink > 127)


def test_of_several_frames_the_first_is_read_and_that_is_said(folder: Path) -> None:
    frames = [Image.fromarray(levels) for levels in (FIVE, 255 - FIVE, FIVE)]
    frames[0].save(folder / "three.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "pages.tif", save_all=True, append_images=frames[1:2])
    frames[0].save(folder / "one.gif")
    result = run(folder, "three.gif", "pages.tif", "one.gif")
    assert result.returncode == 0
    assert len({line.partition(": ")[2] for line in result.stdout.splitlines()}) == 1
    assert result.stderr.startswith(
        "warning: three.gif: has 3 pages or frames; the first was read\n"
        "warning: pages.tif: has 2 pages or frames; the first was read\n"
    )


def test_two_digits_in_a_picture_are_said(folder: Path) -> None:
    one = np.pad(np.kron(FIVE, np.ones((8, 8), np.uint8)), 30)
    Image.fromarray(np.hstack([one, one])).save(folder / "two.png")
    Image.fromarray(one).save(folder / "one.png")
    result = run(folder, "two.png", "one.png")
    answers = [line.partition(": ")[2] for line in result.stdout.splitlines()]
    assert answers[0] == answers[1]
    said = [line for line in result.stderr.splitlines() if "another mark" in line]
    assert said == [
        "warning: two.png: has another mark of like size; the one with more ink was read"
    ]


def test_an_empty_file_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "nothing.png").touch()
    with pytest.raises(StageError, match=r"nothing\.png: expected a picture, got an empty file$"):
        read_picture(tmp_path / "nothing.png")


def test_a_photo_taken_sideways_is_turned_upright(tmp_path: Path) -> None:
    picture = Image.fromarray(np.rot90(FIVE[:150]).copy())
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter
    picture.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "turned.png").levels, FIVE[:150])


@pytest.mark.parametrize(
    ("width", "height"), [(8_001, 8_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_bomb_is_refused_before_its_pixels_are_read(
    tmp_path: Path, width: int, height: int
) -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b""))
    with pytest.raises(StageError, match=rf"bomb\.png: expected at most {MOST_PIXELS:,} pixels"):
        read_picture(tmp_path / "bomb.png")


def test_a_pipe_is_not_waited_for_and_decoders_keep_silent(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    file = io.BytesIO()
    Image.fromarray(FIVE).save(file, "tiff", compression="tiff_lzw")
    tag, kind = 273, struct.pack("<H", 4)  # where the strips are, as whole numbers
    place = file.getvalue().index(struct.pack("<H", tag) + kind)
    broken = file.getvalue()[: place + 2] + b"\2" + file.getvalue()[place + 3 :]  # as a text
    (folder / "broken.tif").write_bytes(broken)
    (folder / "drawing.png").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    result = run(folder, "pipe.png", "broken.tif", "drawing.png")
    assert (result.returncode, result.stdout) == (1, "")
    pipe, tiff, svg, _ = result.stderr.splitlines()  # libtiff's own complaint would be a fifth
    assert pipe == "error: pipe.png: expected a file"
    assert tiff.startswith("error: broken.tif: expected a picture")
    assert svg.startswith("error: drawing.png: expected a picture")


def test_a_program_in_disguise_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"
    )
    with pytest.raises(StageError, match="expected a picture"):
        read_picture(tmp_path / "page.png")


def test_a_name_is_printed_in_one_line() -> None:
    assert printable(Path("a\nb\x1b[31m\udcff é.png")) == "a?b?[31m? é.png"

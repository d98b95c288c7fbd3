"""Figures as pages show them: without heading, and with a second palette for dark ground."""

import json
import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from stages.page.figures.layout import BLUE, GLOW, INK, NIGHT, Sheet, save, styled
from stages.page.html import WEB
from stages.page.plates import FOLDS, USUAL, on_dark, plate_of


def colour(text: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(text[1:]))


def drawn(path: Path, dpi: int = 100) -> bytes:
    """A line on white, a digit's image, and a dark panel with a bright spot."""
    with styled():
        sheet = Sheet("It falls", "By epoch.", 3.0)
        sheet.panel(1, 0.2, 3, 2.5).plot([0, 1], [1, 0], color=BLUE, lw=8)
        image = sheet.panel(4.5, 0.2, 1, 1)
        image.imshow(np.eye(4), cmap=GLOW, vmin=0, vmax=1)
        image.set_axis_off()
        panel = sheet.panel(6, 0.2, 1, 1)
        panel.set_facecolor(NIGHT)
        panel.plot([0], [0], marker="o", ms=20, color="white")
        panel.set_axis_off()
        panel.add_artist(panel.patch)
        save(sheet.figure, path, dpi)
    return path.read_bytes()


def on_light_and_dark(png: bytes) -> tuple[Image.Image, Image.Image]:
    plate = plate_of(png)
    light = Image.open(BytesIO(plate.png))
    dark = light.copy()
    dark.putpalette(plate.dark)
    return light.convert("RGB"), dark.convert("RGB")


def test_the_ground_and_the_ink_become_those_of_the_dark_page() -> None:
    style = (WEB / "page.css").read_text(encoding="utf-8")
    dark = style[style.index("prefers-color-scheme: dark") :]
    raised = re.search(r"--raised: (#\w{6})", dark)
    assert raised
    given = np.array([colour("#ffffff"), colour(INK), colour(BLUE)], np.uint8)
    ground, ink, blue = on_dark(given).astype(int)
    assert np.abs(ground - colour(raised[1])).max() <= 1
    assert ink.min() > 200
    assert blue[2] > 200
    assert blue[2] - blue[0] > 60  # still blue


def test_a_plate_has_no_heading_and_keeps_what_is_dark_already(tmp_path: Path) -> None:
    png = drawn(tmp_path / "figure.png")
    whole = Image.open(BytesIO(png))
    light, dark = on_light_and_dark(png)
    assert plate_of(png).subtitle == "By epoch."
    assert light.height == 300
    assert light.width == whole.width
    given = np.asarray(whole.convert("RGB"))[-300:].astype(int)
    assert np.abs(np.asarray(light).astype(int) - given).max() < 24
    corner, line = dark.getpixel((2, 2)), dark.getpixel((250, 145))
    assert max(corner) < 60  # type: ignore[arg-type]
    assert line[2] > 200  # type: ignore[index]
    for x, y in ((462, 32), (500, 100), (530, 102)):  # ink, and ground, of the digit
        assert np.abs(np.subtract(dark.getpixel((x, y)), light.getpixel((x, y)))).max() < 8  # type: ignore[arg-type]


def test_a_dark_sheet_and_any_other_png_stay_as_they_are(tmp_path: Path) -> None:
    sheet = Sheet("Dark", "Night.", 1.0, dark=True)
    save(sheet.figure, tmp_path / "dark.png", 50)
    png = (tmp_path / "dark.png").read_bytes()
    light, dark = on_light_and_dark(png)
    assert light.size == Image.open(BytesIO(png)).size
    assert np.array_equal(np.asarray(light), np.asarray(dark))
    Image.new("RGB", (7, 5), "white").save(tmp_path / "plain.png")
    assert plate_of((tmp_path / "plain.png").read_bytes()).height == 5


@pytest.mark.parametrize("colours", [2, 3000])
def test_any_number_of_colours_fits_a_palette(colours: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (colours, 3), dtype=np.uint8)
    notes = PngInfo()
    notes.add_text("layout", json.dumps({"heading": 0, "night": [[0, 0, 60, 120]]}))
    picture = Image.fromarray(palette[rng.integers(0, colours, (120, 120))])
    picture.save(tmp_path / "many.png", pnginfo=notes)
    plate = plate_of((tmp_path / "many.png").read_bytes())
    assert len(plate.dark) <= 3 * 256


@pytest.mark.parametrize(("gap", "fold"), [(0.46, 46), (0.6, 60)])
def test_a_narrow_screen_cuts_a_figure_between_its_panels(
    gap: float, fold: int, tmp_path: Path
) -> None:
    picture = Image.new("RGB", (1000, 300), "white")
    picture.paste("#5a6675", (0, 20, int(1000 * gap) - 6, 40))  # as a title's letters
    picture.paste("#5a6675", (int(1000 * gap) + 6, 200, 1000, 220))
    picture.save(tmp_path / "two.png")
    assert plate_of((tmp_path / "two.png").read_bytes()).fold == fold


def test_a_figure_of_one_panel_is_cut_where_most_are(tmp_path: Path) -> None:
    Image.new("RGB", (900, 60), "white").save(tmp_path / "empty.png")
    assert plate_of((tmp_path / "empty.png").read_bytes()).fold == USUAL


def test_every_fold_has_a_rule() -> None:
    style = (WEB / "page.css").read_text(encoding="utf-8")
    rules = re.findall(r"\.fold-(\d+) img \{ min-width: (\d+)%; \}", style)
    assert [int(fold) for fold, _ in rules] == [*FOLDS]
    assert all(int(width) == round(10_000 / int(fold)) for fold, width in rules)

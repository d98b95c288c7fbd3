"""What networks read of which only some layers learn: a row of dots for each choice."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from stages.claims.layers_alone.verdict import Part, Trainings, name
from stages.page.figures.layout import BLUE, FAINT, INK, MARGIN, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import percent, plural

LEFT, RIGHT, ROW = 3.5, 0.75, 0.56  # inches beside the dots, and from one row to the next
BOX, GAP = 0.16, 0.06  # inches: a layer in the margin, and between two of them
MOST = 6  # layers that are drawn as boxes


def draw(trainings: Trainings, title: str) -> Figure:
    """Draw a row for each choice of layers."""
    rows = len(trainings.parts)
    height = rows * ROW
    longest = max(part.epochs for part in trainings.parts)
    sheet = Sheet(
        title,
        "Boxes are layers from first to last; the blue ones learn, the grey ones keep their first "
        "random weights. A dot is one network. Last layers that learn alone had up to "
        f"{plural(longest, 'epoch')}, the others {trainings.parts[0].epochs}.",
        height + 0.7,
    )
    margin = sheet.canvas(MARGIN, 0.1, LEFT - MARGIN, height)
    axes = sheet.panel(LEFT, 0.1, WIDTH - LEFT - RIGHT, height)
    axes.set_xlim(0, 100)
    axes.set_ylim(rows - 0.5, -0.5)
    for row, part in enumerate(trainings.parts):
        draw_name(margin, trainings, part, (row + 0.5) * ROW)
        draw_row(axes, part, row, BLUE if row == 0 else ORANGE)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("test images read (%)")
    return sheet.figure


def draw_name(axes: Axes, trainings: Trainings, part: Part, y: float) -> None:
    """Draw the layers as boxes, with the choice in words."""
    boxes = trainings.layers if trainings.layers <= MOST else 0
    for layer in range(1, boxes + 1):
        learns = layer in part.layers
        corner = ((layer - 1) * (BOX + GAP), y - 0.15)
        axes.add_patch(Rectangle(corner, BOX, 0.3, fc=BLUE if learns else FAINT, ec=MUTED, lw=0.6))
    x = boxes * (BOX + GAP) + 0.1
    axes.text(x, y, name(trainings, part), va="center", size=10, color=INK)


def draw_row(axes: Axes, part: Part, row: int, color: str) -> None:
    """Draw every network, their median as a bar, and its number."""
    axes.barh(row, 100 * part.median, height=0.5, color=color, alpha=0.25, lw=0)
    places = [row] * len(part.accuracies)
    axes.plot(100 * part.accuracies, places, "o", color=color, ms=4.5, alpha=0.6, mew=0,
              clip_on=False)  # fmt: skip
    axes.annotate(
        percent(part.median, 1), (100 * max(part.accuracies.max(), 0), row), (9, 0),
        textcoords="offset points", va="center", weight="bold", color=color,
        annotation_clip=False,
    )  # fmt: skip

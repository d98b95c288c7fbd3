"""Where everything is, below the current folder: each path that two modules use, once."""

from pathlib import Path

PIPELINE, PARAMETERS, LOCK = Path("dvc.yaml"), Path("params.yaml"), Path("dvc.lock")
CLAIMS = Path("stages/claims")  # the same three files of the claims
CLAIM_PIPELINE, CLAIM_PARAMETERS, CLAIM_LOCK = (
    CLAIMS / path for path in (PIPELINE, PARAMETERS, LOCK)
)

RAW = Path("data/raw")  # the four IDX files
RAW_DATASET = RAW / "dataset.json"  # and what else is known of them
NORMALIZED = Path("data/normalized")
PREPROCESSING = NORMALIZED / "preprocessing.npz"
DATASET = NORMALIZED / "dataset.json"
ALL_TRAIN, TEST = NORMALIZED / "train", NORMALIZED / "test"
BATCHES = Path("data/batches")
BATCH_SIZE = BATCHES / "batches.json"
TRAIN, VALIDATION = BATCHES / "train", BATCHES / "validation"

NETWORK = Path("models/network.npz")
SNAPSHOTS = Path("models/snapshots")  # the network on its way, epoch by epoch

HISTORY = Path("reports/history.csv")
METRICS = Path("reports/metrics.json")
PREDICTIONS = Path("reports/predictions.csv")
CONFUSION = Path("reports/confusion.csv")
SCORES = Path("reports/scores.csv")
CALIBRATION = Path("reports/calibration.csv")
FIGURES = Path("reports/figures")
PAGE = Path("reports/index.html")

CLAIM_FIGURES, PAGE_OF_CLAIMS = Path("reports/claims"), Path("reports/chapters.html")
VERDICTS = Path("reports/verdicts.json")  # their counts, which are a DVC metric; a line a claim
CLAIM_DATA = Path("data/claims")  # what each claim's command measured
RECIPE_RESULTS = Path("stages/tools/recipes.csv")  # what recipes read, by their benchmark
SIBLINGS = Path("models/siblings.npz")  # networks of the run's recipe, for several claims
SCALE = Path("benchmarks/scale.csv")  # times of one processor: a claim reads them


def claim_table(name: str) -> Path:
    """The table, .csv, of a claim."""
    return CLAIM_DATA / f"{name}.csv"


def claim_arrays(name: str) -> Path:
    """The arrays, .npz, of a claim."""
    return CLAIM_DATA / f"{name}.npz"

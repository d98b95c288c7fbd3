"""The claims' verdicts in the README: ``python -m tests.readme`` writes them anew."""

import json
import re

from stages.claims.registry import CHAPTERS
from stages.claims.shared.claim import Verdict
from stages.common.files.paths import CLAIM_FIGURES, VERDICTS
from stages.common.runtime.imports import ROOT

MARKS = {Verdict.HELD: "\u2713", Verdict.PARTLY: "\u25d0", Verdict.NOT_HELD: "\u2715"}
WORDS = {Verdict.HELD: "held", Verdict.PARTLY: "held in part", Verdict.NOT_HELD: "did not hold"}
TABLE = re.compile(r"Of \d+ claims, .*?\n\n.*?\n\n", re.DOTALL)


def claims_in_words() -> str:
    """How many claims held, and a row a chapter: each claim with its verdict and its figure."""
    summary = json.loads((ROOT / VERDICTS).read_text(encoding="utf-8"))
    verdicts = {each["claim"]: Verdict(each["verdict"]) for each in summary["claims"]}
    counts = ", ".join(f"{summary[v]} {WORDS[v]} ({mark})" for v, mark in MARKS.items())
    rows = [
        f"| {chapter.title} | "
        + " \u00b7 ".join(
            f"{MARKS[verdicts[claim.name]]} [{claim.title}]({CLAIM_FIGURES}/{claim.name}.png)"
            for claim in chapter.claims
        )
        + " |"
        for chapter in CHAPTERS
    ]
    return "\n".join(
        [f"Of {len(verdicts)} claims, {counts}:", "", "| chapter | claims |", "|---|---|", *rows]
    )


def main() -> None:
    """Write the verdicts of the last run into the README."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    replaced, count = TABLE.subn(lambda _: claims_in_words() + "\n\n", text)
    if count != 1:
        raise SystemExit("README.md: expected one paragraph 'Of N claims, ...' with its table")
    readme.write_text(replaced, encoding="utf-8")


if __name__ == "__main__":
    main()

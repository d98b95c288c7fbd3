"""Write .dvc/plots.html anew, from tests/plots/page.html and three packages of npm.

python -m tests.plots
"""

import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

from stages.common.runtime.imports import ROOT

PAGE = Path(__file__).parent / "page.html"
TEMPLATE = ROOT / ".dvc/plots.html"
# Vega 5 and Vega-Lite 5 are what the charts are written for that DVC makes;
# with the SHA-256 of their archives.
PACKAGES = {
    "vega@5.33.1": "1b8504b6731c5311be3269c4d84ca996a5cc293bc772283293ede20c490e16c3",
    "vega-lite@5.23.0": "e4cbfdd8f6f1abe381c59cd558fd6a559c12b1496bfdf2e0c3295263a40fe4da",
    "vega-embed@6.29.0": "ecf1ee709c2bac9e0a4ead6908114b05b62c71493e10a8a4308109bb070f8eb1",
}


def program(package: str, sha256: str, folder: Path) -> str:
    """The minified program of a package, whose archive has this hash."""
    pack = ["npm", "pack", "--silent", package, "--pack-destination", str(folder)]
    done = subprocess.run(pack, capture_output=True, text=True, check=True)
    archive = folder / done.stdout.strip()
    got = hashlib.sha256(archive.read_bytes()).hexdigest()
    if got != sha256:
        raise SystemExit(f"{package}: expected SHA-256 {sha256}, got {got}")
    name = package.partition("@")[0]
    with tarfile.open(archive) as packed:
        member = packed.extractfile(f"package/build/{name}.min.js")
        assert member
        text = member.read().decode()
    kept = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL")]
    return f"<script>/* {package} */\n" + "\n".join(kept) + "\n</script>"


def main() -> None:
    """Bring the packages, and put their programs into the page."""
    with tempfile.TemporaryDirectory() as folder:
        programs = [program(*each, Path(folder)) for each in PACKAGES.items()]
    TEMPLATE.write_text(PAGE.read_text().replace("{libraries}", "\n".join(programs)))
    print(f"{TEMPLATE.relative_to(ROOT)}: {TEMPLATE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

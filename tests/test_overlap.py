"""Output folders that are input folders, lie inside of them or hold them are refused by every verb that has both."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecast.cli import main
from lifecast.errors import UsageError
from lifecast.overlap import refuse_overlap


@pytest.mark.parametrize(
    ("out", "how"),
    [("scans", "is also"), ("scans/data", "lies inside of"), (".", "holds"), ("link/a", "lies inside of")],
)
def test_overlaps_are_named(tmp_path: Path, out: str, how: str) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "scans")
    with pytest.raises(UsageError, match=how):
        refuse_overlap(tmp_path / out, "out", {"scans": tmp_path / "scans"})


def test_folders_beside_each_other_are_fine(tmp_path: Path) -> None:
    for name in ("scans", "more"):
        (tmp_path / name).mkdir()
    inputs = {"scans": tmp_path / "scans", "also": (tmp_path / "more",), "lighting": None}
    refuse_overlap(tmp_path / "scans2", "out", inputs)
    with pytest.raises(UsageError, match=r"^out .*: lies inside of also "):
        refuse_overlap(tmp_path / "more" / "out", "out", inputs)


@pytest.mark.parametrize(
    "command",
    [
        "prepare {0} {0}", "prepare {0} {0}/data", "prepare {0} {1} --lighting {1}",
        "synthesize {0} --count 1 --poses {0}", "synthesize {0}/x --count 1 --assets {0}",
        "mannequins {0} --count 1 --poses {0}", "mannequins {1} --count 1 --lighting {1}",
        "train coarse --data {0} --out {0}", "train coarse --data {1} --out {0}/run --also {0}",
        "evaluate --data {0} --out {0}/report", "evaluate --data {1} --out {0} --meshes {0}",
        "evaluate --data {0} --out {1} --pictures {0}",
        "ablate --data {0} --out {0}/study",
        "reconstruct {0} -o {0} --cluster local",
    ],
)  # fmt: skip
def test_every_verb_refuses_before_it_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        (folder / "sub").mkdir(parents=True)
        (folder / "base").mkdir()
    assert main(command.format(*folders).split()) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "is also" in said or "lies inside of" in said
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["base", "base", "one", "sub", "sub", "two"]

"""Whole evaluations: a perfect program, a spoiled one, weights with a known answer; resume; report;
refusals.
"""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from lifecast.cli import main
from lifecast.errors import CheckpointError, DataError, UsageError
from lifecast.evaluation import run
from lifecast.evaluation.benchmark import read_items, read_true_mesh, read_view
from lifecast.evaluation.evaluate import evaluate, write_pictures
from lifecast.evaluation.overview import PersonRow, shown_people
from lifecast.evaluation.predict import Predictor
from lifecast.evaluation.request import Request
from lifecast.evaluation.truth import bounding_triangles


@pytest.fixture(scope="module")
def meshes(benchmark_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a program made of the pictures: anna exactly, ben 2 cm too far back, one picture of ben
    forgotten.
    """
    folder = tmp_path_factory.mktemp("meshes")
    for item in read_items(benchmark_data):
        if item.name == "ben_view_002":
            continue
        mesh = bounding_triangles(read_true_mesh(benchmark_data, item))
        shift = [0, 0, -2 / 128] if item.person == "ben" else [0, 0, 0]
        trimesh.Trimesh(mesh.vertices + shift, mesh.faces, process=False).export(folder / f"{item.name}.ply")
    return folder


@pytest.fixture(scope="module")
def evaluated(benchmark_data: Path, meshes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    arguments = [
        "--data",
        benchmark_data,
        "--meshes",
        meshes,
        "--out",
        out,
        "--samples",
        10_000,
        "--views",
        2,
        "--workers",
        1,
    ]
    assert main(["evaluate", *map(str, arguments)]) == 1  # one picture had no mesh
    return out


def test_figures_of_known_meshes(evaluated: Path) -> None:
    found = json.loads((evaluated / "evaluation.json").read_text())
    assert found["pictures"] == 3
    assert [entry["picture"] for entry in found["failed"]] == ["ben_view_002, mesh"]
    people = {entry["person"]: entry["figures"] for entry in found["people"]}
    assert people["anna"]["chamfer_cm"] < 1e-3
    assert people["anna"]["iou"] > 0.98
    assert 0.7 < people["ben"]["chamfer_cm"] < 1.7  # 2 cm along z; less across surfaces that face sideways
    whole = found["figures"]["none"]["mesh"]["chamfer_cm"]
    assert (whole["count"], whole["people"]) == (3, 2)
    expected = (2 * people["anna"]["chamfer_cm"] + people["ben"]["chamfer_cm"]) / 3
    assert whole["mean"] == pytest.approx(expected)
    assert found["figures"]["rigid"]["mesh"]["chamfer_cm"]["mean"] < 0.15
    assert found["classes"]["coat"]["chamfer_cm"]["people"] == 1
    assert set(found["facing"]) == {"front", "back"}


def test_a_finished_evaluation_is_not_measured_again_and_a_changed_one_is(
    evaluated: Path, benchmark_data: Path, meshes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(evaluated, out)
    kept, lost = out / "items" / "anna_view_000.json", out / "items" / "anna_view_002.json"
    before = kept.stat().st_mtime_ns
    figures = json.loads(lost.read_text())["levels"]
    lost.write_text(lost.read_text()[:100])  # a run that was killed while writing without atomic files
    evaluate(Request(benchmark_data, out, meshes=meshes, samples=10_000, views=2, workers=1))
    assert kept.stat().st_mtime_ns == before
    assert json.loads(lost.read_text())["levels"] == figures
    evaluate(Request(benchmark_data, out, meshes=meshes, samples=10_000, protocol="sith", limit=1, views=2))
    assert kept.stat().st_mtime_ns != before
    assert list(json.loads(kept.read_text())["levels"]["mesh"]) == ["rigid"]


def test_two_workers_find_what_one_finds(evaluated: Path, benchmark_data: Path, meshes: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    request = Request(benchmark_data, tmp_path, meshes=meshes, samples=10_000, views=1, protocol="sith", workers=2)
    evaluate(request, lambda what, done, total: told.append((what, done, total)))
    assert told[0] == ("measuring", 0, 2)
    assert told[-1] == ("measuring", 2, 2)
    one, two = (
        json.loads((out / "items" / "anna_view_002.json").read_text())["levels"]["mesh"]["rigid"]
        for out in (evaluated, tmp_path)
    )
    assert {metric: one[metric] for metric in two} == two


def test_by_default_every_core_has_a_process(
    benchmark_data: Path, meshes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "available_cores", lambda: 6)
    monkeypatch.setattr(run, "free_bytes", lambda device: 64e9)
    assert Request(benchmark_data, Path("out"), meshes=meshes).workers is None
    plan = run.Plan(Request(benchmark_data, meshes=meshes), benchmark_data)
    assert run.default_workers(plan) == 6
    monkeypatch.setattr(run, "free_bytes", lambda device: 7e9)
    assert run.default_workers(plan) == 2
    monkeypatch.setattr(run, "free_bytes", lambda device: 1e9)
    assert run.default_workers(plan) == 1
    monkeypatch.setattr(run, "free_bytes", lambda device: 64e9)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert run.default_workers(plan) == 6  # meshes need no GPU
    assert run.default_workers(run.Plan(Request(benchmark_data), benchmark_data)) == 1
    assert run.default_workers(run.Plan(Request(benchmark_data, device="cpu"), benchmark_data)) == 6


def test_pictures_are_written_as_a_method_sees_them(benchmark_data: Path, tmp_path: Path) -> None:
    assert main(["evaluate", "--data", str(benchmark_data), "--views", "1", "--pictures", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anna_view_002.png", "ben_view_002.png"]
    item = read_items(benchmark_data, 1)[0]
    written = np.asarray(Image.open(tmp_path / "anna_view_002.png"))
    np.testing.assert_array_equal(written, read_view(benchmark_data, item).picture)


class Page(HTMLParser):
    """Collects what a page refers to, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attributes if name in ("src", "href", "xlink:href")]
        assert tag not in ("script", "link", "iframe")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_needs_nothing_beside_itself(evaluated: Path) -> None:
    page = Page()
    text = (evaluated / "report.html").read_text()
    page.feed(text)
    assert page.sources
    assert all(source.startswith(("data:image/webp;base64,", "#")) for source in page.sources)
    assert not re.search(r"url\((?!#)", text)
    words = " ".join(page.words)
    for expected in (
        "best: anna",
        "worst: ben",
        "no mesh of ben_view_002",
        "error, back",
        "Chamfer",
        "prediction → truth",
    ):
        assert expected in words
    assert "<svg" in text
    assert "@media print" in text


def test_markdown_says_the_same(evaluated: Path) -> None:
    text = (evaluated / "report.md").read_text()
    found = json.loads((evaluated / "evaluation.json").read_text())
    mean = found["figures"]["none"]["mesh"]["chamfer_cm"]["mean"]
    row = next(line for line in text.splitlines() if line.startswith("| Chamfer"))
    assert f"{mean:.3f} [" in row
    for link in re.findall(r"\]\(([^)]+\.webp)\)", text):
        assert (evaluated / link).is_file()
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_weights_with_a_known_answer(benchmark_data: Path, slab_weights: Path, tmp_path: Path) -> None:
    found = Predictor(slab_weights, resolution=32)(np.zeros((96, 96, 3), np.uint8))
    assert list(found.meshes) == ["coarse", "fine"]
    assert not found.failed
    for level, reach in (("coarse", 0.3), ("fine", 0.2)):
        np.testing.assert_allclose(np.abs(found.meshes[level].vertices[:, 2]).max(), reach, atol=5e-3)
    assert found.front is not None
    assert found.front.shape == (128, 128, 3)
    overview = evaluate(
        Request(
            benchmark_data,
            tmp_path,
            str(slab_weights),
            protocol="sith",
            views=1,
            limit=1,
            resolution=32,
            samples=10_000,
        )
    )
    assert overview.levels == ["coarse", "fine"]
    assert overview.pictures == 1
    figures = overview.figures["rigid"]
    # The fine slab is thinner: nearer to the person from outside.
    assert figures["fine"]["truth_to_prediction_cm"].mean != figures["coarse"]["truth_to_prediction_cm"].mean
    assert {"front_degrees", "back_degrees", "mask_iou"} == set(overview.maps)
    assert (tmp_path / "items" / "anna_view_002.webp").is_file()


def test_only_the_level_asked_for(slab_weights: Path) -> None:
    assert Predictor(slab_weights, 16, "coarse").levels == ["coarse"]
    assert Predictor(slab_weights, 16, "fine").levels == ["fine"]


def test_best_median_and_worst_are_different_people() -> None:
    def row(name: str) -> PersonRow:
        return PersonRow(name, [], {}, "")

    many = shown_people([row(str(i)) for i in range(9)])
    assert [(rank, r.person) for rank, r in many] == [
        ("best", "0"), ("best", "1"), ("median", "3"), ("median", "4"), ("worst", "7"), ("worst", "8"),
    ]  # fmt: skip
    assert [r.person for _, r in shown_people([row("a"), row("b"), row("c")])] == ["a", "b", "c"]
    assert [r.person for _, r in shown_people([row("a"), row("b")])] == ["a", "b"]
    assert [r.person for _, r in shown_people([row("a")])] == ["a"]
    assert shown_people([]) == []


def test_refusals_name_what_is_wrong(benchmark_data: Path, slab_weights: Path, meshes: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^samples 500"):
        Request(benchmark_data, tmp_path, meshes=meshes, samples=500)
    with pytest.raises(UsageError, match=r"^protocol 'ours'"):
        Request(benchmark_data, tmp_path, protocol="ours")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"^without 'relif'"):
        Request(benchmark_data, tmp_path, without=("mirror", "relif"))
    with pytest.raises(CheckpointError, match="nothing"):
        evaluate(Request(benchmark_data, tmp_path, "nothing"))
    with pytest.raises(DataError, match="nowhere"):
        evaluate(Request(tmp_path / "nowhere", tmp_path, str(slab_weights)))


def test_scans_that_cannot_be_prepared_are_named_and_the_others_measured(tmp_path: Path) -> None:
    pytest.importorskip("igl")
    scans = tmp_path / "scans"
    scans.mkdir()
    anna = trimesh.creation.capsule(radius=0.25, height=1.2, count=[16, 16])
    anna.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0])).export(scans / "anna.glb")
    (scans / "ben.obj").touch()
    (scans / "carl").symlink_to(tmp_path / "nowhere")
    (scans / "dora.fbx").touch()
    command = ["evaluate", "--data", str(scans), "--out", str(tmp_path / "out"), "--views", "1"]
    assert main([*command, "--pictures", str(tmp_path / "pictures")]) == 1
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["anna_view_000.png"]
    notes: list[tuple[str, bool]] = []
    request = Request(scans, tmp_path / "out", "compact", views=1)
    write_pictures(request, tmp_path / "pictures", note=lambda text, left_out: notes.append((text, left_out)))
    assert [text.split(":")[0] for text, left_out in notes if left_out] == ["carl", "ben"]
    assert any("dora.fbx" in text for text, left_out in notes if not left_out)

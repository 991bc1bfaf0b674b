import pytest

from lifecast.cluster.manifest import Manifest, Outcome
from lifecast.errors import DataError


def test_the_last_outcome_of_an_item_counts(tmp_path):
    with Manifest(tmp_path / "manifest.jsonl") as manifest:
        manifest.append(Outcome("a", "failed", "no person"))
        manifest.append(Outcome("b", "done", result={"file": "b.glb"}))
        manifest.append(Outcome("a", "done"))
        manifest.append(Outcome("c", "failed", "truncated"))
    again = Manifest(tmp_path / "manifest.jsonl")
    assert again.done() == {"a", "b"}
    assert again.failed() == {"c": "truncated"}
    assert [o.result for o in again.outcomes()][1] == {"file": "b.glb"}


@pytest.mark.parametrize("cut", range(2, 30, 4))
def test_a_line_cut_short_by_a_crash_costs_only_its_own_item(tmp_path, cut):
    path = tmp_path / "manifest.jsonl"
    with Manifest(path) as manifest:
        manifest.append(Outcome("a", "done"))
        manifest.append(Outcome("b", "done"))
    path.write_bytes(path.read_bytes()[:-cut])
    with Manifest(path) as manifest:
        assert manifest.done() == {"a"}
        manifest.append(Outcome("c", "done"))
    assert Manifest(path).done() == {"a", "c"}


def test_a_foreign_file_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "manifest.jsonl"
    path.write_text("dear diary\nnot json\n")
    with pytest.raises(DataError, match=r"manifest\.jsonl"):
        Manifest(path).done()
    assert path.read_text() == "dear diary\nnot json\n"

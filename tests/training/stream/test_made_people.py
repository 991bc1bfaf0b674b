"""The maker of real people: the same ones whatever process makes them, and training reads them."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest
import torch

from lifecast.errors import OptionError
from lifecast.scans.landmark_file import FILE
from lifecast.training.benchmark_people import TEST_GARMENTS
from lifecast.training.links import listing_fingerprint
from lifecast.training.stream.dataset import Draw, StreamedPeople
from lifecast.training.stream.made_people import MANNEQUIN_POSES, MadePeople
from lifecast.training.stream.makers import Makers
from lifecast.training.stream.options import StreamOptions
from lifecast.training.stream.pool import Pool

SEED = 5


def checksums(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*/*"))
    }


def test_garments_of_the_test_people_are_left_out_with_assets_and_without(tmp_path, monkeypatch):
    left_out = []
    monkeypatch.setattr("lifecast.people.crew.make", lambda order, number: left_out.append(order.without_garments))
    monkeypatch.setattr("lifecast.scans.prepared_person.prepare_person", lambda *_: None)
    monkeypatch.setattr(
        "lifecast.people.mannequin_views.make_views",
        lambda sitting, number: left_out.append(sitting.order.without_garments),
    )
    monkeypatch.setattr("shutil.rmtree", lambda _: None)
    folder = tmp_path / "assets"
    folder.mkdir()
    for share in (0.0, 1.0):
        for assets in ((), (folder,)):
            maker = MadePeople(StreamOptions(assets=assets, mannequins=share), False)
            assert maker.describe()["without_garments"] == sorted(TEST_GARMENTS)
            maker.make(SEED, 0, tmp_path / "out")
    assert left_out == [TEST_GARMENTS] * 4
    MadePeople(StreamOptions(without_garments=("coat",)), False).make(SEED, 0, tmp_path / "out")
    assert left_out[-1] == ("coat",)


def test_the_share_of_mannequins_is_a_share_of_the_numbers():
    maker = MadePeople(StreamOptions(mannequins=0.25), False)
    found = [maker.is_mannequin(SEED, number) for number in range(2000)]
    assert 0.22 < sum(found) / 2000 < 0.28
    assert found != [maker.is_mannequin(SEED + 1, number) for number in range(2000)]
    assert not any(MadePeople(StreamOptions(), False).is_mannequin(SEED, number) for number in range(100))
    assert MadePeople(StreamOptions(mannequins=1.0), False).views == MANNEQUIN_POSES


def test_what_decides_how_people_come_out_is_described(tmp_path):
    (tmp_path / "clip.bvh").write_text("a clip")
    maker = MadePeople(StreamOptions(poses=tmp_path), True)
    before = maker.describe()
    assert before != MadePeople(StreamOptions(poses=tmp_path, views=4), True).describe()
    assert before != MadePeople(StreamOptions(poses=tmp_path), False).describe()
    assert before == MadePeople(StreamOptions(poses=tmp_path, uses=9, makers=3), True).describe()
    (tmp_path / "clip.bvh").write_text("another clip")
    assert before != maker.describe()
    assert pickle.loads(pickle.dumps(maker)) == maker


def test_each_of_several_folders_of_assets_is_checked_and_described(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        (folder / "clothes").mkdir(parents=True)
        (folder / "clothes" / "shirt.mhclo").write_text(folder.name)
    MadePeople(StreamOptions(assets=(one, other)), False).check()
    described = MadePeople(StreamOptions(assets=(one, other)), False).describe()["assets"]
    assert described == [listing_fingerprint(one), listing_fingerprint(other)]
    assert MadePeople(StreamOptions(assets=(one,)), False).describe()["assets"] == listing_fingerprint(one)
    assert MadePeople(StreamOptions(), False).describe()["assets"] is None
    (other / "clothes").rename(other / "else")
    with pytest.raises(OptionError, match="other"):
        MadePeople(StreamOptions(assets=(one, other)), False).check()


@pytest.mark.slow
def test_real_people_are_made_in_a_process_and_read_for_training(tmp_path):
    given = StreamOptions(picture_size=128, views=2, mannequins=0.5, pool=tmp_path)
    maker = MadePeople(given, landmarks=True)
    numbers = [0, next(n for n in range(50) if maker.is_mannequin(SEED, n) != maker.is_mannequin(SEED, 0))]
    pool = Pool(tmp_path / "pool", SEED, 4, 1.0, 2, maker.describe(), maker.header())
    pool.open()
    with Makers(maker, pool.making, 1) as makers:
        for number in numbers:
            makers.ask(SEED, number)
        while makers.pending:
            for made in makers.results(60.0):
                assert made.entry is not None, made.reason
                assert pool.admit(made.entry, made.folder)
    assert sorted(len(entry.people) for entry in pool.entries.values()) == [1, MANNEQUIN_POSES]
    draped = next(entry for entry in pool.entries.values() if len(entry.people) == 1)
    folder = pool.folder(draped.number)
    (person,) = draped.people
    assert (folder / person / FILE).is_file()
    assert not list(folder.rglob("*.glb"))
    again = tmp_path / "again"
    again.mkdir()
    maker.make(SEED, draped.number, again)  # in this process, alone
    assert checksums(again) == checksums(folder)
    draws = [Draw(n, e.number, f"people/{e.name}/{next(iter(e.people))}", 0) for n, e in enumerate(pool.live())]
    for sample in StreamedPeople(pool.root, None, size=128, points=0, limbs=True).__getitems__(draws):
        assert 0.05 < float(sample["mask"].mean()) < 0.6
        assert float(sample["limbs"].abs().sum()) > 0
        assert torch.isfinite(sample["front"]).all()
    pool.close()

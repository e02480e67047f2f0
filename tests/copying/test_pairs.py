"""Any store is copied into any other."""

from itertools import product

import pytest

from expkit.record.model import COMPLETED, RUNNING, StreamKey
from expkit.stores import copy, open_store
from expkit.stores.copying.run import COPIED, UNCHANGED, UPDATED
from expkit.testing.samples import sample_annotation, sample_points

from .conftest import KINDS, SERVERS, fill, is_same, seen


SLOW = [*product(["folder"], SERVERS), *product(SERVERS, ["memory"]), ("s3", "mongodb"), ("mongodb", "s3")]


@pytest.mark.parametrize(("source", "target"), [*product(KINDS, KINDS), *SLOW])
def test_everything_is_there(filled, url, source, target):
    """Records, streams, files, leases and later facts arrive as they were, under the same ids; a second copy writes nothing."""
    src, dst = filled(source), open_store(url(target))
    report = copy(src, dst)
    assert (report.problems, [run.what for run in report.runs]) == ((), [COPIED] * 4)
    is_same(src, dst)
    assert [str(key.id) for key in dst.ids()] == [str(key.id) for key in src.ids()]
    done = dst.changes()
    assert [run.what for run in copy(src, dst).runs] == [UNCHANGED] * 4
    assert dst.changes() == done
    dst.close()


@pytest.mark.parametrize("target", KINDS)
def test_runs_in_progress(url, target):
    """A run that goes on is copied as far as it is, and a later copy brings what is new, its end at last."""
    src, dst = fill(open_store("memory:")), open_store(url(target))
    uid = src.ids()[-1].uid
    src.append(uid, StreamKey(), 0, sample_points(10))
    copy(src, dst)
    assert (dst.load(uid).status, len(dst.read(uid, StreamKey()))) == (RUNNING, 10)
    assert seen(dst, uid) == seen(src, uid)
    src.append(uid, StreamKey(), 10, sample_points(5, 10))
    src.save(src.load(uid).but(status=COMPLETED, result=3))
    src.annotate(uid, sample_annotation("done"))
    assert [run.what for run in copy(src, dst).runs] == [UNCHANGED] * 3 + [UPDATED]
    is_same(src, dst)
    dst.close()


@pytest.mark.parametrize("target", KINDS)
def test_taken_ids(url, target):
    """A run whose id is taken gets the next free one, no run loses its own to that, and all are found by their uids."""
    src, dst = fill(open_store("memory:")), fill(open_store(url(target)))
    first, queued = src.ids()[0], src.ids()[2]
    dst.delete(dst.ids()[2].uid)
    before = len(dst.ids())
    copy(src, dst)
    ids = {key.uid: str(key.id) for key in dst.ids()}
    assert len(set(ids.values())) == len(ids) == before + 4
    assert ids[first.uid] not in ("1", str(queued.id))
    assert seen(dst, first.uid) == seen(src, first.uid)
    assert all(run.what == UNCHANGED for run in copy(src, dst).runs)
    dst.close()

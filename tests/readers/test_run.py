"""One stored run, the same on every store."""

import copy
import pickle

import numpy as np
import pytest

import expkit
from expkit.errors import BlobNotFoundError, ReadOnlyConfigError, RunNotFoundError
from expkit.readers import runs
from expkit.readers.values import View
from expkit.record.model import OUTPUT, RUNNING, QUEUED, StreamKey
from expkit.record.tagged import tagged
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import NOON, sample_lease, sample_record

from .conftest import SOURCE, add, kept


@pytest.fixture
def run(everything):
    return everything[0]


def test_config(run):
    """The config is read by attribute, item or dotted path; values are what they were; lists hold views of their dicts."""
    config = run.config
    assert (config.lr, config["lr"], config["net.units"][0], config.shape) == (0.1, 0.1, 64, (28, 28))
    assert (config.net["a.b"], config.net.units[1].name, list(config)) == (1, "x", ["lr", "net", "shape", "seed"])
    assert config == {"lr": 0.1, "net": {"units": [64, {"name": "x"}], "a.b": 1}, "shape": (28, 28), "seed": 0}
    assert (copy.copy(config) == config, pickle.loads(pickle.dumps(config)) == config, "lr" in dir(config)) == (
        True,
    ) * 3


def test_config_is_for_reading(run):
    """What was recorded cannot be changed; a copy can."""
    with pytest.raises(ReadOnlyConfigError, match="config.lr was recorded"):
        run.config.lr = 1
    with pytest.raises(ReadOnlyConfigError):
        run.config["net"]["units"] = 1
    changed = run.config.to_dict()
    changed["net"]["units"].append(1)
    assert len(run.config.net.units) == 2


def test_paths_are_keys(run):
    """Entries of the config are had by the paths that questions have."""
    assert (run.config["net.units[1].name"], run.config['net["a.b"]'], run.config["net.a.b"]) == ("x", 1, 1)
    with pytest.raises(KeyError, match=r"config\.net has no 'unit'; did you mean units"):
        run.config["net.unit"]


def test_misspelt_entries(run):
    """An entry that is not there is told with near ones."""
    with pytest.raises(AttributeError, match=r"config\.net has no 'unit'; did you mean units"):
        run.config.net.unit  # noqa: B018
    with pytest.raises(KeyError, match="config has no 'shap'; did you mean shape"):
        run.config["shap"]
    with pytest.raises(AttributeError, match=r"config\.net has no 'zzz'; there are units"):
        run.config.net.zzz  # noqa: B018


def test_what_there_is_instead():
    """A name that is near no other is answered with those that there are, of many with the first ones."""
    with pytest.raises(AttributeError, match="^info has no 'foo'; it is empty$"):
        View({}, "info").foo  # noqa: B018
    with pytest.raises(KeyError, match=r"config has no 'zz'; there are a0, .*, a9, \.\.\.'?\"?$"):
        View({f"a{number}": 0 for number in range(11)}, "config")["zz"]


def test_facts(everything):
    """Names, states, times, what was asked and what came out, packages and repositories."""
    run = everything[2]
    assert (run.name, run.command, run.status, run.state, run.cause) == ("digits", "main", "COMPLETED", "COMPLETED", "")
    assert (run.start, run.duration, run.seed, run.result) == (NOON, 6.0, 7, {"acc": 0.2})
    assert (run.overrides.lr, run.info.epoch, run.tags, run.notes) == (0.1, 1, ["first"], [])
    assert run.packages == {"numpy": "1.26", "torch": "1"}
    assert (run.git.commit, run.git.dirty, len(run.repositories)) == ("ab" * 20, False, 1)
    assert (run.host.hostname, run.output, run.read_output(rank=3)) == ("here", "ключ\n", "")
    failed = everything[-1]
    assert (failed.fail_trace, failed.git, failed.metrics, failed.tags) == ("Traceback\nValueError: no\n", None, {}, [])


def test_parents_and_children(everything):
    """A run knows the run that started it, and the runs that it started."""
    parent, child = everything[0], everything[1]
    assert (child.parent, list(parent.children), parent.parent) == (parent, [child], None)
    assert list(child.children) == []


def test_files(run, tmp_path):
    """Files are found by name or by a base name that is the only one, opened, read, saved, and have a path of their own name."""
    source = run.sources["train.py"]
    assert source is run.sources["lib/train.py"]
    assert (source.text, source.name, source.size, source.kept) == (SOURCE, "lib/train.py", len(SOURCE), True)
    model = run.artifacts["model.bin"]
    assert (model.path().name, model.path().read_bytes(), model.metadata.epoch) == ("model.bin", b"model 0.1", 3)
    assert model.save(tmp_path) == tmp_path / "model.bin"
    with model.open() as file:
        assert file.read() == model.save(tmp_path / "copy").read_bytes() == b"model 0.1"
    assert (list(run.inputs), list(run.outputs), list(run.resources)) == (["large.csv"], ["out.csv"], [])


def test_files_that_are_not_there(run):
    """Of a file whose hash alone was recorded nobody gets bytes; a misspelt name is told with near ones."""
    with pytest.raises(BlobNotFoundError, match="of input 'large.csv' of run .* only the hash was recorded"):
        run.inputs["large.csv"].read_bytes()
    with pytest.raises(KeyError, match="there is no artifacts? 'modl.bin'; did you mean model.bin"):
        run.artifacts["modl.bin"]


def test_names_of_files_lead_nowhere():
    """A record cannot make a reader write outside of the folder for copies."""
    store = MemoryStore()
    uid = store.create(sample_record(files=(kept(store, "../../etc/passwd", "source", b"x"),)))
    path = runs(store=store)[0].sources["passwd"].path()
    assert (path.parts[-2:], path.read_bytes(), uid) == (("etc", "passwd"), b"x", 1)


def test_arrays_come_back(tmp_path):
    """Arrays that lie beside the record are fetched; the record's own values are never code."""
    experiment = expkit.Experiment("arrays", interactive=True, observers=[f"folder:{tmp_path}/runs"])
    experiment.add_config(big=np.arange(5000))

    @experiment.main
    def main(big):
        return big * 2

    experiment.run()
    run = expkit.open_run("last", tmp_path / "runs")
    assert (run.result == np.arange(5000) * 2).all()
    assert run.config.big.shape == (5000,)


def test_a_live_run(fresh, kind):
    """The state is judged when it is asked for, the record is read once, and refresh() reads it anew."""
    store = fresh(kind)
    uid = sample_record().uid
    store.create(sample_record(uid=uid), lease=sample_lease(1e6))
    run = runs(store=store)[uid]
    assert (run.status, run.state) == (RUNNING, RUNNING)
    store.save(store.load(uid).but(status="COMPLETED", stop_time=NOON, result=3))
    assert (run.status, run.result) == (RUNNING, None)
    assert (run.refresh().status, run.state, run.result) == ("COMPLETED", "COMPLETED", 3)
    store.delete(uid)
    with pytest.raises(RunNotFoundError):
        run.refresh().record  # noqa: B018


def test_runs_that_never_began():
    """A queued run has no duration, and that of a dead one ends with its last sign of life."""
    store = MemoryStore()
    store.create(sample_record(status=QUEUED, start_time=None, heartbeat=None))
    store.create(sample_record())
    assert [(run.state, run.duration) for run in runs(store=store)] == [("QUEUED", None), ("DIED", 10.0)]


def test_looks(everything):
    """A run says its id, name and state; a notebook shows what matters in a table, nothing of which is HTML of the user's."""
    run = everything[0]
    assert repr(run) == f"<StoredRun {run.id} of digits: COMPLETED>"
    html = run._repr_html_()
    assert all(text in html for text in ("duration", "model.bin", "loss", "first"))
    store = MemoryStore()
    add(store, 0.1, 1, name="<script>")
    assert "<script>" not in runs(store=store)[0]._repr_html_()


def test_unreadable_runs(tmp_path):
    """A run whose record is damaged is shown as what it is, and says so when it is read."""
    store = expkit.open_store(tmp_path / "runs")
    add(store, 0.1, 1)
    add(store, 0.5, 1)
    (tmp_path / "runs" / "1" / "run.json").write_text("{")
    found = runs(store=tmp_path / "runs")
    assert "UNREADABLE" in repr(found)
    assert sum("which cannot be read" in repr(run) for run in found) == 1


def test_equal_runs(everything):
    """Two objects for one run are equal and count as one."""
    assert everything[0] == everything[0] != everything[1]
    assert len({everything[0], everything[0]}) == 1


def test_tagged_values_nobody_knows():
    """A value of a kind that nobody can restore is shown, not run."""
    store = MemoryStore()
    store.create(sample_record(result=tagged("object", type="os:system", repr="<boom>"), files=()))
    assert "boom" in repr(runs(store=store)[0].result)


def test_output_of_ranks():
    """Output is that of the first process, over all segments; others are asked for by rank."""
    store = MemoryStore()
    uid = store.create(sample_record(files=()))
    for key, text in {StreamKey(OUTPUT): b"a\n", StreamKey(OUTPUT, 1): b"b\n", StreamKey(OUTPUT, 0, 1): b"c\n"}.items():
        store.append(uid, key, 0, text)
    run = runs(store=store)[0]
    assert (run.output, run.read_output(1)) == ("a\nb\n", "c\n")

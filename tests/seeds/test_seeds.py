"""Seeds: derived by name, checked, made, and given to the global generators."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expkit.errors import ConfigError
from expkit.run.seeds import SeedStream, check_seed, derive, make_rng, new_root_seed, seed_globals
from expkit.settings import SETTINGS

LARGEST = 2**31 - 1
names = st.lists(st.text(max_size=20), max_size=4).map(tuple)


@pytest.mark.parametrize(
    ("root", "path", "seed"),
    [
        (42, (), 1282956887),
        (42, ("train",), 712681991),
        (0, ("dataset", "load", "0"), 1712740399),
        (4294967295, ("ä", ""), 2143735827),
    ],
)
def test_seeds_never_change(root, path, seed):
    """Seeds of names are the same in every version: recorded runs depend on it."""
    assert derive(root, *path) == seed


def test_the_documented_rule():
    """Somebody who reads the docstring can compute a seed elsewhere."""
    h = int.from_bytes(hashlib.sha256(b"422:train5:").digest()[:8], "big")
    assert derive(42, "train") == 1 + h % (2**31 - 1)


@given(st.integers(0, 2**32 - 1), names)
def test_seeds_fit_everywhere(root, path):
    """A derived seed is from 1 to 2**31 - 1, and the same when asked again."""
    assert 1 <= derive(root, *path) <= LARGEST
    assert derive(root, *path) == derive(root, *path)


@given(st.integers(0, 2**32 - 1), names, st.integers(0, 2**32 - 1), names)
def test_other_names_have_other_seeds(root, path, other_root, other_path):
    """However names are split, joined or empty, two lists of names do not share a seed."""
    if (root, path) != (other_root, other_path):
        assert derive(root, *path) != derive(other_root, *other_path)


def test_seeds_are_spread_evenly():
    """The seeds of neighbouring names have nothing in common: their mean and their bits are those of chance."""
    seeds = [derive(1, "f", str(i)) for i in range(4000)]
    assert len(set(seeds)) == 4000
    assert 0.48 < sum(seeds) / len(seeds) / LARGEST < 0.52
    assert all(0.45 < sum(seed >> bit & 1 for seed in seeds) / 4000 < 0.55 for bit in range(31))


def test_a_stream_is_reproducible():
    """The k-th seed of a function depends on root, path, qualname and k, on nothing else."""
    stream, other, again = SeedStream(1, "data", "load"), SeedStream(1, "data", "save"), SeedStream(1, "data", "load")
    first = []
    for _ in range(5):
        first.append(stream.next())
        other.next()
    assert first == [again.next() for _ in range(5)]
    assert len(set(first)) == 5
    for args in [(2, "data", "load"), (1, "", "load"), (1, "data", "Load")]:
        assert SeedStream(*args).next() != first[0]


def test_threads_draw_different_seeds():
    """Many threads that share a stream draw each of its seeds once."""
    stream, alone = SeedStream(1, "", "f"), SeedStream(1, "", "f")
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: stream.next(), range(800)))
    assert sorted(drawn) == sorted(alone.next() for _ in range(800))


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, np.int64(5), np.uint32(7), np.array(3)])
def test_good_seeds(seed):
    """Whole numbers from 0 to 2**32 - 1, NumPy's included, become plain ones."""
    assert check_seed(seed) == int(seed)
    assert type(check_seed(seed)) is int


@pytest.mark.parametrize(
    ("seed", "text"),
    [
        (True, "seed must be a whole number from 0 to 2**32 - 1, not True (bool)"),
        (np.True_, "seed must be a whole number from 0 to 2**32 - 1, not np.True_ (bool)"),
        ("5", "seed must be a whole number from 0 to 2**32 - 1, not '5' (str)"),
        (1.0, "seed must be a whole number from 0 to 2**32 - 1, not 1.0 (float)"),
        (None, "seed must be a whole number from 0 to 2**32 - 1, not None (NoneType)"),
        (np.array([1, 2]), "seed must be a whole number from 0 to 2**32 - 1, not array([1, 2]) (ndarray)"),
        (-1, "seed must be a whole number from 0 to 2**32 - 1, not -1 (int)"),
        (2**32, "seed must be a whole number from 0 to 2**32 - 1, not 4294967296 (int)"),
    ],
)
def test_bad_seeds(seed, text):
    """Anything else is an error that shows what was given."""
    with pytest.raises(ConfigError) as caught:
        check_seed(seed)
    assert str(caught.value) == text


def test_new_roots_differ_and_touch_nothing():
    """A fresh root comes from the system; no global generator decides it or is moved by it."""
    states = random.getstate(), np.random.get_state()[1].tolist()
    roots = set()
    for _ in range(50):
        random.seed(1)
        np.random.seed(1)
        roots.add(new_root_seed())
    assert len(roots) == 50
    assert all(check_seed(root) == root and 1 <= root <= LARGEST for root in roots)
    random.setstate(states[0])
    before = random.getstate()
    new_root_seed()
    assert random.getstate() == before


def test_generators():
    """NumPy's Generator, or RandomState where the setting asks; equal seeds give equal numbers."""
    assert isinstance(make_rng(5), np.random.Generator)
    assert make_rng(5).random() == make_rng(5).random() != make_rng(6).random()
    SETTINGS.CONFIG.NUMPY_RANDOM_LEGACY_API = True
    try:
        assert isinstance(make_rng(5), np.random.RandomState)
        assert make_rng(5).rand() == np.random.RandomState(5).rand()
    finally:
        SETTINGS.CONFIG.NUMPY_RANDOM_LEGACY_API = False


def fresh(code):
    """What a fresh interpreter prints."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.check_output([sys.executable, "-c", code], text=True, env=env, timeout=60).strip()


def test_the_type_of_a_generator_does_not_depend_on_imports():
    """Without NumPy imported, it is NumPy's all the same; only where NumPy is not installed it is Python's."""
    ask = "from expkit.run.seeds import make_rng; print(type(make_rng(5)).__name__, 'numpy' in sys.modules)"
    assert fresh(f"import sys; assert 'numpy' not in sys.modules; {ask}") == "Generator True"
    hidden = "import sys; sys.modules['numpy'] = None; "
    assert fresh(hidden + ask).startswith("Random ")
    assert (
        fresh(
            f"{hidden}from expkit.run.seeds import make_rng; import random; print(make_rng(5).random() == random.Random(5).random())"
        )
        == "True"
    )


def drawn():
    return random.random(), np.random.rand()


def test_global_generators_get_the_root_itself():
    """Python's and NumPy's global generators start from the root seed, as a user would have seeded them."""
    seeded = seed_globals(7)
    try:
        assert drawn() == (random.Random(7).random(), np.random.RandomState(7).rand())
    finally:
        seeded.restore()


def test_global_generators_are_restored():
    """After a run they go on as if it had not been; nested runs restore what they found."""
    random.seed(1)
    np.random.seed(1)
    wanted = [drawn(), drawn()]
    random.seed(1)
    np.random.seed(1)
    outer = seed_globals(7)
    first = drawn()
    inner = seed_globals(8)
    drawn()
    inner.restore()
    second = drawn()
    outer.restore()
    assert [drawn(), drawn()] == wanted
    outer.restore()
    assert drawn() not in wanted
    alone = seed_globals(7)
    assert [drawn(), drawn()] == [first, second]
    alone.restore()


def test_another_bit_generator_is_restored():
    """Also where the user gave NumPy's global functions another bit generator."""
    before = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.MT19937(3))
    try:
        wanted = np.random.RandomState(np.random.MT19937(3)).rand()
        seed_globals(7).restore()
        assert np.random.rand() == wanted
    finally:
        np.random.set_bit_generator(before)


def test_nothing_is_imported_for_it():
    """Libraries that are not imported are not touched, NumPy included."""
    code = "import sys; from expkit.run.seeds import seed_globals; seed_globals(3).restore(); print('numpy' in sys.modules)"
    assert fresh(code) == "False"


class FakeTorch:
    """PyTorch's functions for global generators, with states as lists of what happened."""

    def __init__(self, initialized):
        self.cpu, self.gpus = ["born"], [["born"], ["born"]] if initialized else None
        self.cuda = SimpleNamespace(
            is_initialized=lambda: self.gpus is not None,
            get_rng_state_all=lambda: [list(gpu) for gpu in self.gpus],
            set_rng_state_all=lambda states: setattr(self, "gpus", states),
            manual_seed_all=lambda seed: setattr(self, "gpus", self.gpus and [[seed], [seed]]),
        )

    def initial_seed(self):
        return 99

    def get_rng_state(self):
        return list(self.cpu)

    def set_rng_state(self, state):
        self.cpu = state

    def manual_seed(self, seed):
        self.cpu = [seed]
        self.gpus = self.gpus and [[seed], [seed]]


def test_torch(monkeypatch):
    """PyTorch's generators on CPU and all CUDA devices are seeded and restored."""
    torch = FakeTorch(initialized=True)
    monkeypatch.setitem(sys.modules, "torch", torch)
    seeded = seed_globals(7)
    assert (torch.cpu, torch.gpus) == ([7], [[7], [7]])
    seeded.restore()
    assert (torch.cpu, torch.gpus) == (["born"], [["born"], ["born"]])


def test_torch_before_cuda_is_started(monkeypatch):
    """CUDA that starts during the run is left as if it had started after it."""
    torch = FakeTorch(initialized=False)
    monkeypatch.setitem(sys.modules, "torch", torch)
    seeded = seed_globals(7)
    torch.gpus = [[7], [7]]
    seeded.restore()
    assert (torch.cpu, torch.gpus) == (["born"], [[99], [99]])


@pytest.mark.parametrize("before", [{"_seed": None}, {"_seed": 3, "_rng": "half used"}])
def test_tensorflow(monkeypatch, before):
    """TensorFlow's global seed is set and taken back, whether or not there was one."""
    eager = SimpleNamespace(**before)
    module = SimpleNamespace(random=SimpleNamespace(set_seed=lambda s: vars(eager).update(_seed=s, _rng=f"from {s}")))
    monkeypatch.setitem(sys.modules, "tensorflow", module)
    monkeypatch.setitem(sys.modules, "tensorflow.python.eager.context", SimpleNamespace(context=lambda: eager))
    seeded = seed_globals(7)
    assert (eager._seed, eager._rng) == (7, "from 7")
    seeded.restore()
    assert vars(eager) == {"_rng": "from None", **before}


def test_a_broken_library_is_left_out(monkeypatch):
    """A library that cannot be seeded does not keep the others from it."""
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())
    seeded = seed_globals(7)
    assert random.random() == random.Random(7).random()
    seeded.restore()

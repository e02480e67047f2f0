from __future__ import annotations

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from expkit._support.places import state_dir
from expkit.provenance.code import packages
from expkit.provenance.code.environment import cuda_facts, environment, environment_facts
from expkit.provenance.code.remembered import LATEST
from expkit.stores.folder.store import FolderStore

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Install packages into a folder that is this process's whole path: ``site(name, version, direct_url)``."""
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(folder)])

    def install(name: str, version: str, direct_url: object = None) -> Path:
        home = folder / f"{name}-{version}.dist-info"
        home.mkdir()
        (home / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nText\n")
        if direct_url is not None:
            (home / "direct_url.json").write_text(direct_url if isinstance(direct_url, str) else json.dumps(direct_url))
        return home

    return install


@pytest.mark.parametrize(
    ("direct_url", "origin"),
    [
        (None, ""),
        (
            {"url": "https://ada:s3cret@git.example/lab.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"git+https://git.example/lab.git@{COMMIT}",
        ),
        ({"url": "ssh://git@git.example/lab", "vcs_info": {"vcs": "hg", "commit_id": "1"}}, "hg+ssh://git@git.example/lab@1"),
        ({"url": "file:///home/ada/my%20lab/", "dir_info": {"editable": True}}, "editable: my lab"),
        ({"url": "file:///home/ada/lab", "dir_info": {}}, "folder: lab"),
        ({"url": "file:///tmp/lab-1-py3-none-any.whl", "archive_info": {}}, "archive: lab-1-py3-none-any.whl"),
        ({"url": "https://u:p@host.example/lab-1.tar.gz", "archive_info": {}}, "archive: https://host.example/lab-1.tar.gz"),
        ("{ no json", ""),
        ([1], ""),
    ],
)  # fmt: skip
def test_origins(site, direct_url, origin):
    """Where a package comes from is said without access data and without absolute paths."""
    site("lab", "1", direct_url)
    found = environment_facts(["lab==1"])
    assert found.files[0][0].decode() == (f"lab==1 @ {origin}\n" if origin else "lab==1\n")
    assert found.experiment == ({"origins": {"lab": origin}} if origin else {})


def test_a_package_with_its_metadata_beside_its_code(tmp_path, monkeypatch):
    """What `setup.py develop` has installed is editable."""
    (tmp_path / "project" / "lab.egg-info").mkdir(parents=True)
    (tmp_path / "project" / "lab.egg-info" / "PKG-INFO").write_text("Name: lab\nVersion: 2\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "project")])
    assert environment() == "lab==2 @ editable: project\n"


def test_only_packages_in_use_have_origins(site):
    """The list names everything, the record's origins only what the run uses."""
    for name in ("used", "unused"):
        site(name, "1", {"url": f"file:///{name}", "dir_info": {"editable": True}})
    assert environment_facts(["used==1"]).experiment == {"origins": {"used": "editable: used"}}


def test_the_list_is_sorted_and_remembered_until_something_is_installed(site):
    """The same environment gives the same bytes, without reading its metadata again."""
    site("b", "1")
    site("a", "2")
    assert environment() == "a==2\nb==1\n"
    (remembered,) = (state_dir() / "environments").iterdir()
    remembered.write_text("as remembered\n")
    assert environment() == "as remembered\n"
    site("c", "3")
    assert environment() == "a==2\nb==1\nc==3\n"


def test_a_damaged_memory_does_no_harm(site):
    """What cannot be read from the memory is worked out, and what cannot be written there is not."""
    site("a", "1")
    environment()
    (remembered,) = (state_dir() / "environments").iterdir()
    remembered.unlink()
    remembered.mkdir()
    assert environment() == "a==1\n"
    remembered.rmdir()
    remembered.parent.rmdir()
    remembered.parent.touch()
    assert environment() == "a==1\n"


@pytest.mark.parametrize("memory", ["{ no json", "[]", '{"yaml": "gone.dist-info"}', '{"yaml": 1}'])
def test_who_brought_a_module_is_remembered(site, monkeypatch, memory):
    """What had to be searched for in the packages' lists of files is known to the next process; doubts are no harm."""
    home = site("PyYAML", "6")
    (home / "RECORD").write_text("yaml/__init__.py,,\n")
    module = types.ModuleType("yaml")
    module.__file__ = str(home.parent / "yaml" / "__init__.py")
    users = types.ModuleType("users")
    users.yaml = module
    library = {name: found for name, found in sys.modules.items() if name.partition(".")[0] in sys.stdlib_module_names}
    monkeypatch.setattr(sys, "modules", {**library, "yaml": module, "users": users})
    for _ in range(2):
        packages._shelf.cache_clear()
        assert packages.discover_packages("imported") == ["PyYAML==6"]
        packages.remember_owners()
        (home / "RECORD").unlink(missing_ok=True)
    packages._shelf.cache_clear()
    (remembered,) = (state_dir() / "environments").iterdir()
    remembered.write_text(memory)
    assert packages.discover_packages("imported") == ["yaml==<unknown>"]


def test_old_environments_are_forgotten(site):
    """The memory holds the latest environments only."""
    for number in range(LATEST + 5):
        site(f"p{number}", "1")
        environment()
    assert len(list((state_dir() / "environments").iterdir())) == LATEST


@pytest.mark.parametrize(("facts", "expected"), [({"cuda": "12.1"}, {"torch_cuda": "12.1"}), ({"cuda": None, "hip": "6.0"}, {"torch_cuda": "6.0"}), ({"cuda": None}, {}), (None, {})])  # fmt: skip
def test_what_torch_was_built_for(monkeypatch, facts, expected):
    """PyTorch says for which CUDA or ROCm it was built, once it is imported."""
    monkeypatch.delitem(sys.modules, "torch.version", raising=False)
    if facts is not None:
        version = types.ModuleType("torch.version")
        vars(version).update(facts)
        monkeypatch.setitem(sys.modules, "torch.version", version)
    assert cuda_facts() == expected


def test_the_list_agrees_with_the_standard_library(script):
    """In a run, the list of this real environment is the one of importlib.metadata, kept once for all runs."""
    source = (
        "from expkit import Experiment\nex = Experiment('lab', save_git_info=False)\n"
        "@ex.automain\ndef main():\n    import docopt\n"
    )
    assert [script(source).returncode for _ in range(2)] == [0, 0]
    store = FolderStore(script.path / "runs")
    (first,), (second,) = (store.load(number).files_of("environment") for number in "12")
    assert (first.path, first.root, first.kept, first.sha256) == ("environment.txt", "run", True, second.sha256)
    with store.open_blob(first.sha256) as blob:
        listed = {line.partition(" @ ")[0] for line in blob.read().decode().splitlines()}
    code = "from importlib.metadata import distributions as d; print(*{f'{x.metadata[\"Name\"]}=={x.version}' for x in d()}, sep='\\n')"
    truth = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=script.path)
    assert listed == set(truth.stdout.split())

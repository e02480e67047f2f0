from __future__ import annotations

from pathlib import Path

import pytest

from expkit.errors import ConfigFileError
from expkit.provenance.projects import default_store, project_root
from expkit.settings import SETTINGS
from expkit.stores.urls import open_store
from expkit.testing.samples import sample_record


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("EXPKIT_STORE", raising=False)
    folder = tmp_path / "project" / "a" / "b"
    folder.mkdir(parents=True)
    return folder


def pyproject(deep: Path, text: str = "") -> Path:
    root = deep.parents[1]
    (root / "pyproject.toml").write_text(text)
    return root


@pytest.mark.parametrize("marker", ["pyproject.toml", ".git"])
def test_root_is_the_nearest_marked_folder(deep, marker):
    """The project begins at the nearest folder upwards with pyproject.toml or .git."""
    (deep.parent / marker).touch()
    pyproject(deep)
    assert project_root(deep) == deep.parent


def test_root_of_a_lone_folder_is_itself(deep):
    """Without a marker the start folder is the project."""
    assert project_root(deep) == deep


def test_runs_lie_beside_pyproject(deep, monkeypatch):
    """By default runs go beside the nearest pyproject.toml above the current folder."""
    root = pyproject(deep, "[project]\nname = 'lab'\n")
    monkeypatch.chdir(deep)
    assert default_store() == root / "runs"


def test_runs_lie_here_without_a_project(deep):
    """Without pyproject.toml runs go into the folder itself; .git alone is no project for this."""
    (deep.parent / ".git").mkdir()
    assert default_store(deep) == deep / "runs"


def test_setting_beats_variable_beats_table(deep, monkeypatch):
    """Setting, environment variable and [tool.expkit] win in this order."""
    root = pyproject(deep, '[tool.expkit]\nstore = "from-table"\n')
    assert default_store(deep) == root / "from-table"
    monkeypatch.setenv("EXPKIT_STORE", "from-variable")
    assert default_store(deep) == deep / "from-variable"
    monkeypatch.setattr(SETTINGS, "DEFAULT_STORE", Path("/from/setting"))
    assert default_store(deep) == Path("/from/setting")


@pytest.mark.parametrize("url", ["memory:", "folder:", "mongodb://host/db", "postgresql+psycopg://h/d"])
def test_urls_stay_urls(deep, monkeypatch, url):
    """A store's URL is handed on as it is."""
    monkeypatch.setenv("EXPKIT_STORE", url)
    assert default_store(deep) == url


@pytest.mark.parametrize("url", ["postgres//me:hidden@h/x", "m_e:hidden@h/x"])
def test_mistyped_urls_are_no_folders(deep, monkeypatch, url):
    """What looks like a URL without its colon is handed on, wherever it was said, so that opening it says what is wrong."""
    pyproject(deep, f'[tool.expkit]\nstore = "{url}"\n')
    assert default_store(deep) == url
    monkeypatch.setenv("EXPKIT_STORE", url)
    assert default_store(deep) == url


@pytest.mark.parametrize("said", ["results", "folder:results"])
def test_a_relative_folder_in_a_project_lies_in_it(deep, said):
    """What pyproject.toml says starts at its folder, as a path and as a URL."""
    root = pyproject(deep, f'[tool.expkit]\nstore = "{said}"\n')
    assert default_store(deep) == root / "results"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("sqlite:///lab.db", "sqlite:///{root}/lab.db"),
        ("sqlite+pysqlite:///db/lab.db?offline=journal", "sqlite+pysqlite:///{root}/db/lab.db?offline=journal"),
        ("SQLite:///lab.db", "sqlite:///{root}/lab.db"),
        ("tinydb:tt?offline=journal", "tinydb:{root}/tt?offline=journal"),
        ("file://tt", "file://{root}/tt"),
        ("mlflow:mlruns", "mlflow:{root}/mlruns"),
        ("mlflow:sqlite:///mlflow.db", "mlflow:{root}/mlflow.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:////elsewhere/lab.db", "sqlite:////elsewhere/lab.db"),
        ("sqlite:///~/lab.db", "sqlite:///~/lab.db"),
        ("tinydb:", "tinydb:"),
        ("mongodb://host/lab", "mongodb://host/lab"),
        ("lab:runs", "lab:runs"),
    ],
)
def test_a_relative_url_in_a_project_lies_in_it(deep, said, meant):
    """What pyproject.toml says starts at its folder whatever the scheme, so that all sub-folders have one store."""
    root = pyproject(deep, f'[tool.expkit]\nstore = "{said}"\n')
    assert default_store(deep) == meant.format(root=root)


@pytest.mark.parametrize("url", ["sqlite:///lab.db", "tinydb:tt", "file://tt"])
def test_a_project_with_signs_in_its_path(tmp_path, monkeypatch, url):
    """The store of a project is found from its sub-folders though its path has signs that mean something in URLs."""
    monkeypatch.delenv("EXPKIT_STORE", raising=False)
    below = tmp_path / "50% done? #1" / "src"
    below.mkdir(parents=True)
    (below.parent / "pyproject.toml").write_text(f'[tool.expkit]\nstore = "{url}"\n')
    store = open_store(default_store(below))
    store.create(sample_record())
    assert [path.name for path in below.parent.iterdir() if path.name in ("lab.db", "tt")]


@pytest.mark.parametrize("url", ["sqlite:///lab.db", "tinydb:tt"])
def test_a_url_in_the_environment_starts_here(deep, monkeypatch, url):
    """Relative URLs outside of pyproject.toml start at the current folder, as what is typed does."""
    pyproject(deep)
    monkeypatch.setenv("EXPKIT_STORE", url)
    assert default_store(deep) == url


def test_colons_in_folders(deep, monkeypatch):
    """A folder with a colon in its name is a folder; a path object is never a URL."""
    folder = deep / "x:y"
    folder.mkdir()
    assert default_store(folder) == folder / "runs"
    monkeypatch.setenv("EXPKIT_STORE", str(folder))
    assert default_store(deep) == folder
    monkeypatch.setattr(SETTINGS, "DEFAULT_STORE", Path("mongodb:x"))
    assert default_store(deep) == deep / "mongodb:x"


def test_home_is_expanded(deep, monkeypatch):
    """A leading ~ means the home folder."""
    monkeypatch.setenv("HOME", str(deep))
    monkeypatch.setenv("EXPKIT_STORE", "~/runs")
    assert default_store("/") == deep / "runs"


@pytest.mark.parametrize(
    ("text", "reason"),
    [('[tool.expkit\nstore = "x"', "line 1"), ("[tool.expkit]\nstore = 3", "must be a text")],
)
def test_unreadable_table_is_an_error(deep, text, reason):
    """A broken [tool.expkit] is reported with its file instead of recording somewhere else."""
    root = pyproject(deep, text)
    with pytest.raises(ConfigFileError, match=reason) as caught:
        default_store(deep)
    assert str(root / "pyproject.toml") in str(caught.value)


def test_broken_file_of_others_does_not_matter(deep):
    """A pyproject.toml that does not mention expkit is never parsed."""
    root = pyproject(deep, "[project\n")
    assert default_store(deep) == root / "runs"


def test_unreadable_pyproject_is_an_error(deep):
    """A pyproject.toml that cannot be read at all is named."""
    (deep / "pyproject.toml").mkdir()
    with pytest.raises(ConfigFileError, match="cannot be read"):
        default_store(deep)

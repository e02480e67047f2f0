from __future__ import annotations

import importlib.metadata
from pathlib import Path, PurePosixPath

import pytest

from expkit._support.urls import SCHEMES as KNOWN
from expkit._support.urls import mistyped
from expkit.errors import NoObserverError, StoreError
from expkit.observers.opening import open_observer
from expkit.record.masking import masked_url
from expkit.settings import SETTINGS
from expkit.stores.access import shown
from expkit.stores.memory import MemoryStore
from expkit.stores.remote.kinds import KINDS
from expkit.stores.urls import SQL, known_schemes, open_store


ODD = ["SEC RET", "SEC/RET", "SEC@RET", "SEC:RET", "SEC?RET", "SEC#RET", "1/SEC@RET", "SEC/RET@A", '"SEC']
SCHEMES = ["postgresql", "mysql+pymysql", "mongodb", "mongodb+srv", "s3", "ftp", "sftp", "webdav+https"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("user", ["me", "me@corp.com", "", "we ird"])
def test_passwords_with_signs_of_a_meaning(scheme, user):
    """Of a URL whose password is not encoded nothing of it is shown, whether the URL is refused or not."""
    for password in ODD:
        try:
            told = open_store(f"{scheme}://{user}:{password}@host.example.com:5432/db").url
        except StoreError as error:
            told = str(error)
            assert "%40 for @" in told, told
        assert not [part for part in ("SEC", "RET") if part in told], told


SECRET = """account_key api_key authMechanismProperties AUTHMECHANISMPROPERTIES auth connection_string key passphrase
password proxyPassword sas_token secret sig ssl_key_password sslPassphrase tlsCertificateKeyFilePassword
tlscertificatekeyfilepassword token X-Amz-Signature""".split()
OPEN = "account_name appName authMechanism authSource key_filename region sslmode tlsCAFile w".split()


@pytest.mark.parametrize("scheme", [*KINDS, *SQL, "mongodb", "mongodb+srv", "mysql+pymysql", "smb"])
@pytest.mark.parametrize("harmless", [[], SECRET])
def test_options_that_give_access(scheme, harmless, monkeypatch):
    """Of every kind of store the same options are hidden, whatever the settings say, and no others: the URL still opens it."""
    monkeypatch.setattr(SETTINGS.SECRETS, "HARMLESS", harmless)
    login = "" if scheme in ("az", "abfs", "abfss") else "me:hidden@"
    place = f"{scheme}://{'' if scheme == 'sqlite' else f'{login}host'}/place"
    for name in SECRET:
        store = open_store(f"{place}?{name}=hidden&{'&'.join(f'{other}=1' for other in OPEN)}")
        for told in (store.url, repr(store), getattr(store, "absolute_url", "")):
            assert "hidden" not in told
        assert f"{name}=***" in store.url
        assert all(f"{other}=1" in store.url for other in OPEN)
        assert masked_url(store.url) == store.url


@pytest.mark.parametrize("scheme", ["postgresql", "mongodb", "ftp"])
def test_ports_are_numbers(scheme):
    """A port that is none is refused before anything is asked; a text is not shown, for it may be a password."""
    for place in ("me:pw@127.0.0.1:notaport/db", "me:notaport/db", "me:notaport"):
        with pytest.raises(StoreError, match="what follows the last colon is no port"):
            open_store(f"{scheme}://{place}")
    with pytest.raises(StoreError, match="'99999' is no port"):
        open_store(f"{scheme}://127.0.0.1:99999/db")


MISTYPED = {
    "postgres//me:hidden@h/x": "did you mean postgres://",
    "s3//bucket/runs": "did you mean s3://",
    "SFTP//me@h/x": "did you mean SFTP://",
    "m_e:hidden@h/x": "looks like an address with a user and a password",
    "post_gres//me:hidden@h/x": "looks like an address",
    "//me:hidden@h/x": "looks like an address",
    "/me:hidden@h": "looks like an address",
}


@pytest.mark.parametrize("place", MISTYPED)
@pytest.mark.parametrize("opened", [open_store, lambda place: open_observer(place, {}, {})], ids=["store", "observer"])
def test_urls_without_a_colon(place, opened):
    """What was meant as a URL is refused, not made a folder whose name is a password."""
    with pytest.raises((StoreError, NoObserverError), match=MISTYPED[place]) as caught:
        opened(place)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "place", ["./s3//b", "./m_e:pw@h", "runs//2026", "runs/12:30", "a@b:c", "C:/Users/me@home", "runs/a/b:c@d"]
)
def test_paths_with_signs_of_urls(place):
    """Folders may have any name: paths that begin with ./ are never taken for URLs, nor are most others."""
    assert mistyped(place) == ""


def test_known_schemes():
    """A scheme that we open is known where its colon is missing."""
    assert {*known_schemes(), "file", "local", "notify"} == set(KNOWN)


@pytest.mark.parametrize(
    ("place", "seen"),
    [
        ("s3://b/x?sectret=hidden", "s3://b/x?sectret=***"),
        ("s3://b/x?foo=hidden&bar=hidden;hidden", "s3://b/x?foo=***&bar=***;***"),
        ("sftp://me:hidden/x", "sftp://me:***/x"),
        ("sftp://h:22/x", "sftp://h:22/x"),
        ("sftp://me@h:22/x", "sftp://me@h:22/x"),
        ("me:hidden@h/x", "me:***@h/x"),
        ("me:hid/den@h/x", "me:***@h/x"),
        ("postgresql:/me:hidden@h/x", "postgresql:***@h/x"),
        ("postgresql://me:hid@den@h/x", "postgresql://me:***@h/x"),
        ("/data/runs", "/data/runs"),
    ],
)
def test_what_is_shown_of_mistyped_urls(place, seen):
    """Of a URL that cannot be opened only that is shown of which it is sure that it is no password."""
    assert shown(place) == seen


def test_databases_without_a_name():
    """The sentence about a URL that names no database shows nothing of its options."""
    with pytest.raises(StoreError, match=r"postgresql://h\?foo=\*\*\* names no database"):
        open_store("postgresql://h?foo=hidden")


@pytest.mark.parametrize("password", ["p\U0001f600w", "p%F0%9F%98%80w", "p\udc80w", "ж"])
def test_passwords_of_any_signs(password):
    """Every password comes as far as the server, which here is away."""
    with pytest.raises(StoreError, match="no MySQL or MariaDB server answers"):
        open_store(f"mysql://me:{password}@127.0.0.1:1/lab").ids()


@pytest.mark.parametrize("name", ["sectret", "pasword", "passwrd", "tokn", "acces_key", "Secert"])
def test_misspelt_secrets(name):
    """What a misspelt option says is as secret as what the right one would say, in records and messages too."""
    assert masked_url(f"see postgresql://me@h/x?{name}=hidden&w=1") == f"see postgresql://me@h/x?{name}=***&w=1"


def test_memory():
    """``memory:`` is a new, empty store each time."""
    one, two = open_store("memory:"), open_store("MEMORY:")
    assert isinstance(one, MemoryStore)
    assert one is not two


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("folder:runs", "runs"),
        ("folder:/abs/runs", "/abs/runs"),
        ("runs", "runs"),
        ("./a b/runs", "a b/runs"),
        ("~/runs", "HOME/runs"),
        ("folder:~/runs", "HOME/runs"),
        ("C:\\runs", "C:\\runs"),
        ("../r:uns", "../r:uns"),
        ("/tmp/x:y/runs", "/tmp/x:y/runs"),
        ("1x:runs", "1x:runs"),
        ("a b:runs", "a b:runs"),
        ("é\u0301t:runs", "é\u0301t:runs"),
        ("folder:a:b", "a:b"),
        ("FOLDER:a", "a"),
        (PurePosixPath("mongo:x"), "mongo:x"),
        (Path("mongo:x"), "mongo:x"),
    ],
)
def test_folders(url, path, monkeypatch):
    """``folder:PATH`` and plain paths are folder stores; nothing is made before they are used."""
    opened = []
    monkeypatch.setenv("HOME", "HOME")
    monkeypatch.setenv("USERPROFILE", "HOME")
    monkeypatch.setattr("expkit.stores.folder.store.FolderStore", opened.append)
    open_store(url)
    assert opened == [Path(path)]


def test_folder_without_path():
    """A folder needs a path, and the message shows one."""
    with pytest.raises(StoreError, match="folder:runs"):
        open_store("folder:")


@pytest.mark.parametrize(
    "url", ["sqlite+pysqlite:///runs.db", "POSTGRESQL+psycopg://host/runs", "mysql+mysqldb://host/a"]
)
def test_databases_with_a_driver(url):
    """The URL of an SQL database may name any driver; nothing is loaded for it before the first use."""
    store = open_store(url)
    assert (type(store).__name__, store.place.kind) == ("SqlStore", url.partition("+")[0].lower())
    assert open_store(store.url).place.address == store.place.address


@pytest.mark.parametrize(
    "url", ["folder+x:runs", "memory+x:", "mongodb+x://host/runs", "tinydb+x:runs", "s3+x://bucket"]
)
def test_drivers_of_others(url):
    """Only SQL databases have drivers."""
    with pytest.raises(StoreError, match="nothing is known by"):
        open_store(url)


def test_unknown_schemes():
    """An unknown scheme is refused with the known ones, a near one and the way to add more; secrets are not shown."""
    with pytest.raises(StoreError) as caught:
        open_store("foldr://me:secret@host/runs")
    text = str(caught.value)
    assert "'foldr:'; did you mean folder?" in text
    assert all(f"{name}:, " in text for name in ("folder", "memory", "mongodb", "s3", "sftp", "sqlite"))
    assert "'expkit.stores'" in text
    assert "secret" not in text


def test_plugins(monkeypatch):
    """An installed package adds schemes by entry points; its opener is handed the whole URL."""

    class Point:
        name = "cloud"

        def load(self):
            return lambda url: ("opened", url)

    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [Point()] if group == "expkit.stores" else [])
    assert open_store("cloud://bucket/runs") == ("opened", "cloud://bucket/runs")
    with pytest.raises(StoreError, match="cloud:, folder:, .*memory:"):
        open_store("nobody:x")


def test_the_option_of_observers_is_left_out(tmp_path):
    """A URL with ``offline=`` names the same store for those who read and copy."""
    for query in ("?offline=wait", "?offline=skip"):
        store = open_store(f"sqlite:///{tmp_path}/runs.db{query}")
        assert store.url == f"sqlite:///{tmp_path}/runs.db"
        store.close()
    assert open_store(f"folder:{tmp_path}/runs?offline=wait").url == f"folder:{tmp_path}/runs"

"""Runs in a real Jupyter kernel."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from .. import console

EXAMPLE = console.ROOT / "examples" / "notebook.ipynb"


class Kernel:
    """A kernel, and a front end that says which cell each execution comes from."""

    def __init__(self, client):
        self._client = client

    def run(self, source, cell=""):
        """Execute a cell; returns what it displayed: texts of streams, and data by MIME type."""
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self._client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
        self._client.shell_channel.send(message)
        shown = {"stream": ""}
        while True:
            reply = self._client.get_iopub_msg(timeout=60)
            if reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = reply["header"]["msg_type"], reply["content"]
            if kind == "stream":
                shown["stream"] += content["text"]
            elif kind in ("execute_result", "display_data"):
                shown.update(content["data"])
            elif kind == "error":
                shown["error"] = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                return shown


@contextmanager
def kernel(folder, **environment):
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder), env=_environment(environment))
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _environment(more):
    import os

    return {**os.environ, "PYTHONPATH": str(console.ROOT), **more}


def record(folder, run=1):
    return json.loads((folder / "runs" / str(run) / "run.json").read_text())


def cells(folder, run=1):
    (stored,) = [stored for name, stored in record(folder, run)["experiment"]["sources"] if name == "notebook-cells.py"]
    return (folder / "runs" / stored).read_text()


EXPERIMENT = "from expkit import Experiment\nex = Experiment('demo')"
CONFIG = "@ex.config\ndef config():\n    a = 1\n    b = 2"
MAIN = "@ex.automain\ndef main(_config):\n    print('main', sorted(_config))\n    return _config.get('a')"
RUN = "run = ex.run(config_updates={'seed': 3})\nrun"


def test_the_example(tmp_path, monkeypatch):
    """The example notebook runs from top to bottom, shows its runs as tables, and records them for real."""
    monkeypatch.setenv("PYTHONPATH", str(console.ROOT))
    shutil.copy(EXAMPLE, tmp_path)
    notebook = nbformat.read(EXAMPLE, 4)
    NotebookClient(notebook, timeout=100, kernel_name="python3").execute(cwd=str(tmp_path))
    shown = {cell["id"]: cell["outputs"] for cell in notebook.cells if cell["cell_type"] == "code"}
    tables = [output["data"]["text/html"] for output in shown["run"] if "data" in output]
    assert len(tables) == 1
    assert "run 1 of walk: COMPLETED" in tables[0]
    first, second = record(tmp_path, 1), record(tmp_path, 2)
    assert (first["status"], first["config"]["steps"], second["config"]["steps"]) == ("COMPLETED", 100, 1000)
    assert (tmp_path / "runs" / "1" / "cout.txt").read_text() == "walked 100 steps\n"
    assert first["artifacts"] == ["files/place.txt"]
    codes = [cell["source"] for cell in notebook.cells if cell["cell_type"] == "code"]
    assert [code in cells(tmp_path, 1) for code in codes] == [True] * 4 + [False]
    assert all(code in cells(tmp_path, 2) for code in codes)
    assert first["experiment"]["mainfile"] == "notebook-cells.py"


def test_nothing_starts_by_itself(tmp_path):
    """``automain`` defines the main function, and no more."""
    with kernel(tmp_path) as here:
        shown = [here.run(text) for text in (EXPERIMENT, CONFIG, MAIN)]
        assert [text["stream"] for text in shown] == ["", "", ""]
        assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("cell", ["", "c0ffee"])
def test_a_cell_that_is_run_again_redefines(tmp_path, cell):
    """What the cell defined before is gone, whether the front end names cells or not."""
    with kernel(tmp_path) as here:
        for text in (EXPERIMENT, MAIN):
            here.run(text)
        here.run(CONFIG, cell)
        here.run("@ex.config\ndef config():\n    a = 5", cell)
        assert here.run(RUN)["stream"].startswith("main ['a', 'seed']")
    assert record(tmp_path)["config"] == {"a": 5, "seed": 3}


def test_order_of_definitions_survives(tmp_path):
    """A config function that is defined anew stays in its place before those that build on it."""
    with kernel(tmp_path) as here:
        here.run(EXPERIMENT)
        here.run(CONFIG, "first")
        here.run("@ex.config\ndef more(a):\n    c = 10 * a", "second")
        here.run(MAIN)
        here.run("@ex.config\ndef config():\n    a = 7", "first")
        here.run(RUN)
    assert record(tmp_path)["config"] == {"a": 7, "c": 70, "seed": 3}


def test_dicts_and_hooks_of_a_cell_are_replaced(tmp_path):
    """All that a cell defines belongs to it: dicts, named configs, commands and hooks, too."""
    before = (
        "ex.add_config({'x': 1, 'gone': 2})\n"
        "ex.add_named_config('old', {'x': 3})\n"
        "@ex.pre_run_hook\ndef hook():\n    print('hook')\n"
        "@ex.command\ndef task():\n    pass"
    )
    with kernel(tmp_path) as here:
        here.run(EXPERIMENT)
        here.run(before, "cell")
        here.run("ex.add_config({'x': 1})\nex.add_named_config('new', {'x': 4})", "cell")
        here.run(MAIN)
        assert "hook" not in here.run(RUN)["stream"]
        shown = here.run("print(sorted(ex.named_configs), 'task' in ex.commands)")
    assert shown["stream"] == "['new'] False\n"
    assert record(tmp_path)["config"] == {"x": 1, "seed": 3}


def test_doubts_about_the_cells_are_said(tmp_path):
    """Cells that were run out of order, changed and run again, or edited since are pointed out."""
    texts = {"one": EXPERIMENT, "two": CONFIG, "three": MAIN}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text, id=cell) for cell, text in texts.items()]
    )
    notebook.cells[1]["source"] = "# edited since"
    path = tmp_path / "demo.ipynb"
    nbformat.write(notebook, path)
    with kernel(tmp_path, JPY_SESSION_NAME=str(path)) as here:
        here.run(EXPERIMENT, "one")
        here.run(MAIN, "three")
        here.run("ex.add_config(a=0)", "two")
        here.run(CONFIG, "two")
        shown = here.run(RUN, "four")
    gaps = record(tmp_path)["gaps"]
    assert gaps == [
        "In[4] is the cell of In[3], changed and run again",
        "cells were run out of order: In[4] stands before In[2] in the notebook",
        "the notebook's file has other text than was run for In[4], In[5]: edited since, or not saved",
    ]
    assert all(gap.replace("'", "&#x27;") in shown["text/html"] for gap in gaps)
    assert ["demo.ipynb", "notebook-cells.py"] == [name for name, _ in record(tmp_path)["experiment"]["sources"]]


def test_doubts_need_no_ids(tmp_path):
    """Where the front end does not name cells, their texts are compared with the notebook's file."""
    texts = [EXPERIMENT, CONFIG, MAIN, RUN]
    path = tmp_path / "demo.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in texts]), path)
    with kernel(tmp_path, JPY_SESSION_NAME=str(path)) as here:
        for text in (EXPERIMENT, MAIN, CONFIG, "ex.add_config(a=3)", RUN):
            here.run(text)
    assert record(tmp_path)["gaps"] == [
        "cells were run out of order: In[3] stands before In[2] in the notebook",
        "the notebook's file has other text than was run for In[4]: edited since, or not saved",
    ]


def test_the_notebook_names_the_experiment(tmp_path):
    """An experiment without a name is called as its notebook."""
    path = tmp_path / "walks.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    with kernel(tmp_path, JPY_SESSION_NAME=str(path)) as here:
        assert here.run("from expkit import Experiment\nprint(Experiment().name)")["stream"] == "walks\n"


def test_a_failing_run_shows_the_users_error(tmp_path):
    """The record has the traceback, and the cell shows the exception."""
    with kernel(tmp_path) as here:
        here.run(EXPERIMENT)
        shown = here.run("@ex.main\ndef main():\n    print('before')\n    1 / 0\nex.run()")
    assert shown["error"] == "ZeroDivisionError: division by zero"
    assert record(tmp_path)["status"] == "FAILED"
    assert (tmp_path / "runs" / "1" / "cout.txt").read_text() == "before\n"


@pytest.mark.parametrize("mode", ["no", "sys", "fd"])
def test_output_in_every_mode(tmp_path, mode):
    """What is printed is shown in the notebook in every mode, and recorded but for ``no``."""
    with kernel(tmp_path) as here:
        here.run(EXPERIMENT)
        here.run("@ex.main\ndef main():\n    print('printed')")
        assert "printed" in here.run(f"ex.run(options={{'--capture': {mode!r}}})")["stream"]
    output = Path(tmp_path, "runs", "1", "cout.txt")
    assert (output.read_text() if output.exists() else "") == ("" if mode == "no" else "printed\n")


def test_a_name_is_needed(tmp_path):
    """An experiment in a notebook without a name says what to type."""
    with kernel(tmp_path) as here:
        assert (
            "needs a name: Experiment('name', ...)" in here.run("from expkit import Experiment\nExperiment()")["error"]
        )

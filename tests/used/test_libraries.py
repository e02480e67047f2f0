"""Libraries that open files in native code: what is seen of each, with the libraries themselves."""

from __future__ import annotations

import pytest

CASES = {
    "pandas": (
        "import pandas as pd",
        """
        frame = pd.DataFrame({"a": [1, 2]})
        frame.to_csv("in.csv"); frame.to_parquet("in.parquet"); frame.to_feather("in.feather"); frame.to_pickle("in.pkl")
        frame.to_json("in.json"); frame.assign(b=[1, 2]).to_parquet("in_parts", partition_cols=["b"])
        """,
        """
        pd.read_csv("in.csv"); pd.read_parquet("in.parquet"); pd.read_feather("in.feather"); pd.read_pickle("in.pkl")
        pd.read_json("in.json"); pd.read_parquet("in_parts")
        frame = pd.DataFrame({"a": [1, 2]})
        frame.to_csv("out.csv"); frame.to_parquet("out.parquet"); frame.to_feather("out.feather")
        frame.assign(b=[1, 2]).to_parquet("out_parts", partition_cols=["b"])
        """,
    ),
    "pyarrow": (
        "import pyarrow as pa, pyarrow.parquet as pq, pyarrow.dataset as ds, pyarrow.feather as pf, pyarrow.csv as pc",
        """
        table = pa.table({"a": [1, 2]})
        for name in ("in_table", "in_file", "in_dataset", "in_meta", "in_part/1", "in_part/2"):
            os.makedirs("in_part", exist_ok=True); pq.write_table(table, name + ".parquet")
        pf.write_feather(table, "in.feather"); pc.write_csv(table, "in.csv"); open("in.bin", "wb").write(b"x")
        """,
        """
        pq.read_table("in_table.parquet"); pq.ParquetFile("in_file.parquet").read(); pq.ParquetDataset("in_dataset.parquet")
        pq.read_metadata("in_meta.parquet"); ds.dataset("in_part").to_table(); pf.read_table("in.feather")
        pc.read_csv("in.csv"); pa.memory_map("in.bin").close()
        table = pa.table({"a": [1, 2]})
        pq.write_table(table, "out.parquet"); pq.write_to_dataset(table, "out_parts"); pf.write_feather(table, "out.feather")
        ds.write_dataset(table, "out_dataset", format="parquet"); pc.write_csv(table, "out.csv")
        with pa.OSFile("out.bin", "wb") as file: file.write(b"x")
        """,
    ),
    "polars": (
        "import polars as pl",
        """
        frame = pl.DataFrame({"a": [1, 2]})
        for name in ("in", "in_scan", "in_1", "in_2"): frame.write_parquet(name + ".parquet")
        frame.write_csv("in.csv"); frame.write_ipc("in.ipc"); frame.write_ndjson("in.ndjson"); frame.write_csv("in_scan.csv")
        """,
        """
        pl.read_parquet("in.parquet"); pl.scan_parquet("in_scan.parquet").collect(); pl.read_parquet("in_[12].parquet")
        pl.read_csv("in.csv"); pl.scan_csv("in_scan.csv").collect(); pl.read_ipc("in.ipc"); pl.read_ndjson("in.ndjson")
        frame = pl.DataFrame({"a": [1, 2]})
        frame.write_parquet("out.parquet"); frame.write_csv("out.csv"); frame.write_ipc("out.ipc")
        frame.lazy().sink_parquet("out_sink.parquet")
        """,
    ),
    "h5py": (
        "import h5py",
        'for name in ("in.h5", "in_grows.h5"): h5py.File(name, "w").close()',
        """
        h5py.File("in.h5").close(); h5py.File("out.h5", "w").close()
        with h5py.File("in_grows.h5", "a") as file: file["a"] = [1, 2]
        """,
    ),
    "cv2": (
        "import cv2, numpy as np",
        """
        cv2.imwrite("in.png", np.zeros((4, 4, 3), "u1"))
        video = cv2.VideoWriter("in.avi", cv2.VideoWriter_fourcc(*"MJPG"), 5, (16, 16))
        video.write(np.zeros((16, 16, 3), "u1")); video.release()
        """,
        """
        assert cv2.imread("in.png").shape == (4, 4, 3)
        capture = cv2.VideoCapture("in.avi"); assert isinstance(capture, cv2.VideoCapture) and capture.read()[0]
        cv2.imwrite("out.png", np.zeros((4, 4, 3), "u1"))
        video = cv2.VideoWriter("out.avi", cv2.VideoWriter_fourcc(*"MJPG"), 5, (16, 16))
        video.write(np.zeros((16, 16, 3), "u1")); video.release()
        """,
    ),
    "safetensors": (
        "import numpy as np\nfrom safetensors import safe_open\nfrom safetensors.numpy import load_file, save_file",
        'for name in ("in", "in_opened"): save_file({"a": np.zeros(3)}, name + ".safetensors")',
        """
        load_file("in.safetensors")
        with safe_open("in_opened.safetensors", "np") as file: file.get_tensor("a")
        save_file({"a": np.zeros(3)}, "out.safetensors")
        """,
    ),
    "numpy": (
        "import numpy as np",
        """
        np.save("in.npy", np.zeros(3)); np.save("in_map.npy", np.zeros(3)); np.zeros(3).tofile("in.bin")
        np.zeros(3).tofile("in_map.bin"); np.savez("in.npz", a=np.zeros(3)); np.savetxt("in.txt", np.zeros(3))
        """,
        """
        np.load("in.npy"); np.load("in_map.npy", mmap_mode="r"); np.fromfile("in.bin"); np.memmap("in_map.bin", mode="r")
        np.load("in.npz")["a"]; np.loadtxt("in.txt")
        np.save("out.npy", np.zeros(3)); np.zeros(3).tofile("out.bin"); np.savez("out.npz", a=np.zeros(3))
        array = np.memmap("out_map.bin", mode="w+", shape=(4,)); array[:] = 1; array.flush()
        """,
    ),
    "joblib": (
        "import joblib",
        'joblib.dump([1], "in.joblib")',
        'joblib.load("in.joblib"); joblib.dump([1], "out.joblib")',
    ),
    "PIL and matplotlib": (
        "import matplotlib; matplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfrom PIL import Image",
        'Image.new("RGB", (4, 4)).save("in.png")',
        'Image.open("in.png").load(); Image.new("RGB", (4, 4)).save("out.png"); plt.plot([1]); plt.savefig("out.pdf")',
    ),
}


def files(folder, start):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).as_posix().startswith(start)
    )


@pytest.mark.parametrize("library", CASES)
def test_every_file_of_a_library_is_seen(used, library):
    """All files that it reads are inputs, all that it writes are outputs, and nothing else is either."""
    imports, prepare, body = CASES[library]
    functions = f"if __name__ == '__main__':\n    import contextlib\n" + "\n".join(
        f"    {line.strip()}" if not line.strip().startswith("os.makedirs") else f"        {line.strip()}"
        for line in prepare.strip().splitlines()
    )
    run = used(body, imports, functions)
    inputs, outputs = files(used.path, "in"), files(used.path, "out")
    assert run.named("input") == inputs
    assert run.named("output") == sorted(outputs + [name for name in inputs if "grows" in name])
    assert all(ref.sha256 for ref in run.refs.values())
    assert run.record["gaps"] == []


def test_functions_that_were_imported_by_name_are_seen_and_put_back(used):
    """``from cv2 import imread`` is wrapped in the user's module for the run, and the library's own afterwards."""
    run = used(
        """
        imread("in.png")
        atexit.register(lambda: print("SAME", imread is ORIGINAL, cv2.imread is ORIGINAL, h5py.File.__init__ is INIT))
        """,
        """
        import atexit, cv2, h5py, numpy as np
        from cv2 import imread
        ORIGINAL, INIT = imread, h5py.File.__init__
        cv2.imwrite("in.png", np.zeros((4, 4, 3), "u1"))
        """,
    )
    assert run.named("input") == ["in.png"]
    assert "SAME True True True" in run.output


def test_libraries_that_are_imported_late_are_seen(used):
    """A reader that is imported inside main is wrapped when it comes."""
    run = used('import h5py; from safetensors.numpy import save_file; h5py.File("out.h5", "w").close()')
    assert run.named("output") == ["out.h5"]


def test_hooks_can_be_switched_off(used):
    """Then nobody's functions are touched, and the audit events remain."""
    run = used(
        'h5py.File("out.h5", "w").close(); open("out.txt", "w").write("x")',
        "import h5py\nfrom expkit import SETTINGS\nSETTINGS.FILES.HOOKS = False",
    )
    assert run.named("output") == ["out.txt"]


def test_readers_that_nobody_looks_into_are_named(used):
    """The record says which imported library may have read files unseen."""
    (used.path / "tensorflow.py").write_text("")
    assert used("import tensorflow").record["unseen"] == ["files that tensorflow opens in native code"]


def test_readers_can_be_pickled_and_copied_as_without_us(used):
    """A process that does not know expkit is given readers and methods by name, and copies of what holds one are whole."""
    run = used(
        """
        save_file({"a": numpy.ones(2)}, "in.safetensors")
        cv2.imwrite("in.png", numpy.zeros((2, 2), "uint8"))
        assert copy.deepcopy({"read": cv2.imread})["read"] is cv2.imread and copy.copy(load_file) is load_file
        frame = pl.DataFrame({"a": [1, 2]})
        frame.write_csv("in.csv")
        copy.deepcopy(frame.write_csv)("copied.csv")
        functions = [load_file, cv2.imread, pl.read_csv, pq.read_table, pl.DataFrame.write_csv, frame.write_csv]
        reading = "import pickle, sys; [print(f) for f in pickle.load(sys.stdin.buffer)]; assert 'expkit' not in sys.modules"
        pickled = pickle.dumps(functions)
        subprocess.run([sys.executable, "-c", reading], input=pickled, check=True)
        assert pickle.loads(pickled)[1] is cv2.imread
        assert pickle.loads(pickled)[2]("in.csv").equals(frame)
        """,
        """
        import copy, pickle, subprocess
        import cv2, numpy, polars as pl, pyarrow.parquet as pq
        from safetensors.numpy import load_file, save_file
        """,
    )
    assert run.named("output") == ["copied.csv", "in.csv", "in.png", "in.safetensors"]

"""Graphics processors, as ``nvidia-smi`` tells of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from expkit.provenance.files.programs import end_group
from expkit.provenance.machine.surroundings import nvidia_smi

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE = 10.0
"""Seconds until ``nvidia-smi`` is given up."""

_BASIC = ("name", "memory.total", "persistence_mode", "driver_version")
_MORE = ("index", "uuid", "mig.mode.current", "compute_cap")  # not known to every version


def gpu_facts() -> dict[str, Any] | None:
    """``gpus``, ``driver_version`` and ``cuda_version`` (the newest that the driver can do); None where nobody says.

    A processor has ``model``, ``total_memory`` (MiB), ``persistence_mode``, and where they are known ``index``,
    ``uuid``, ``compute_capability``, ``visible`` (to this process, see ``CUDA_VISIBLE_DEVICES``) and ``mig``: the names
    of the parts that it is divided into.
    """
    program = nvidia_smi()
    if not program:
        return None
    rows = _rows(program, (*_BASIC, *_MORE)) or _rows(program, _BASIC)
    if not rows:
        return None
    mine = visible([(int(row["index"]), row["uuid"]) for row in rows if row.get("index", "").isdigit()])
    gpus = [_described(row, mine) for row in rows]
    facts: dict[str, Any] = {"gpus": gpus, "driver_version": rows[0]["driver_version"]}
    if any(row.get("mig.mode.current") == "Enabled" for row in rows):
        _add_parts(gpus, output_of(program, "-L", patience=PATIENCE))
    if version := _cuda_version(output_of(program, patience=PATIENCE)):
        facts["cuda_version"] = version
    return facts


def visible(devices: Sequence[tuple[int, str]], wanted: str | None = None) -> set[int]:
    """Indexes of the devices that this process may use.

    Args:
        devices: index and uuid of each.
        wanted: what ``CUDA_VISIBLE_DEVICES`` says, that of the environment by default.
    """
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES") if wanted is None else wanted
    everything = {index for index, _ in devices}
    if wanted is None or "MIG-" in wanted:  # parts cannot be told from here
        return everything
    found: set[int] = set()
    for name in (name.strip() for name in wanted.split(",")):
        matching = [index for index, uuid in devices if name and (str(index) == name or uuid.startswith(name))]
        if not matching:  # as CUDA does it: what follows an unknown name does not count
            break
        found.add(matching[0])
    return found


def output_of(*command: str, patience: float) -> str:
    """What a program prints; ``""`` where it fails or takes longer than ``patience`` seconds."""
    import subprocess

    nothing = subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            command, stdin=nothing, stdout=subprocess.PIPE, stderr=nothing, start_new_session=True
        )
    except OSError:
        return ""
    with process:
        try:
            output, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            end_group(process)
            return ""
    return "" if process.returncode else output.decode("utf-8", "replace")


def _rows(program: str, names: Sequence[str]) -> list[dict[str, str]]:
    query = f"--query-gpu={','.join(names)}"
    output = output_of(program, query, "--format=csv,noheader,nounits", patience=PATIENCE)
    cells = [[cell.strip() for cell in line.split(",")] for line in output.splitlines()]
    return [dict(zip(names, row, strict=True)) for row in cells if len(row) == len(names)]


def _described(row: dict[str, str], mine: set[int]) -> dict[str, Any]:
    memory = row["memory.total"]
    facts: dict[str, Any] = {
        "model": row["name"],
        "total_memory": int(memory) if memory.isdigit() else None,  # integrated devices say [N/A]
        "persistence_mode": row["persistence_mode"] == "Enabled",
    }
    if row.get("index", "").isdigit():
        index = int(row["index"])
        facts.update(index=index, uuid=row["uuid"], visible=index in mine)
        facts["compute_capability"] = row["compute_cap"]
    return facts


def _add_parts(gpus: list[dict[str, Any]], listing: str) -> None:
    """Lines ``GPU 0: NAME (UUID: ...)``, and below, indented, ``MIG 1g.10gb Device 0: (UUID: MIG-...)``."""
    parts: dict[int, list[str]] = {}
    index = -1
    for line in listing.splitlines():
        words = line.split()
        if line.startswith("GPU ") and words[1].rstrip(":").isdigit():
            index = int(words[1].rstrip(":"))
        elif words[:1] == ["MIG"]:
            parts.setdefault(index, []).append(words[1])
    for gpu in gpus:
        if gpu.get("index") in parts:
            gpu["mig"] = parts[gpu["index"]]


def _cuda_version(table: str) -> str:
    _, _, rest = table.partition("CUDA Version:")
    return rest.split()[0] if rest.split() else ""

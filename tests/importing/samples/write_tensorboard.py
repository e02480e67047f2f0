"""Event files that the real writers wrote: tensorboardX, and tensorboard's own."""

import json
import math
import sys
import time
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboardX import SummaryWriter

HERE = Path(sys.argv[1])


def main():
    with SummaryWriter(str(HERE / "plain")) as writer:
        for step in range(50):
            writer.add_scalar("loss", 1 / (step + 1), step)
            writer.add_scalar("train/acc", step / 50, step)
        writer.add_scalar("loss", math.nan, 50)
        writer.add_scalar("loss", math.inf, 51)
        writer.add_text("note", "eins **zwei**", 3)
        writer.add_histogram("weights", np.arange(10.0), 1)
        writer.add_image("picture", np.zeros((3, 2, 2), "uint8"), 1)
        writer.add_hparams({"lr": 0.1, "net": "deep", "amp": True}, {"hparam/acc": 0.9}, name="tried")
    tensors(HERE / "tf2" / "train")
    tensors(HERE / "tf2" / "train")  # started again
    (HERE / "expected.json").write_text(
        json.dumps({name: told(HERE / name) for name in ("plain", "tf2/train")}, indent=1)
    )


def told(folder):
    """What TensorBoard itself reads of a run."""
    found = event_accumulator.EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    scalars = {
        tag: [[item.step, repr(item.value), item.wall_time] for item in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }
    tensors = {tag: [[item.step, item.wall_time] for item in found.Tensors(tag)] for tag in found.Tags()["tensors"]}
    return {"scalars": scalars, "tensors": tensors}


def tensors(folder):
    """What TensorFlow 2 writes: scalars as tensors."""
    writer = EventFileWriter(str(folder))
    metadata = summary_pb2.SummaryMetadata(plugin_data={"plugin_name": "scalars"})
    for step in range(5):
        float32 = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=np.float32(step / 4).tobytes())
        double = tensor_pb2.TensorProto(dtype=types_pb2.DT_DOUBLE, double_val=[step / 3])
        values = [
            summary_pb2.Summary.Value(tag="epoch_loss", tensor=float32, metadata=metadata if step == 0 else None),
            summary_pb2.Summary.Value(tag="lr", tensor=double, metadata=metadata if step == 0 else None),
        ]
        writer.add_event(event_pb2.Event(wall_time=time.time(), step=step, summary=summary_pb2.Summary(value=values)))
    words = tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING,
        string_val=[b"hello", "wörld".encode()],
        tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[{"size": 2}]),
    )
    text = summary_pb2.SummaryMetadata(plugin_data={"plugin_name": "text"})
    value = summary_pb2.Summary.Value(tag="words", tensor=words, metadata=text)
    writer.add_event(event_pb2.Event(wall_time=time.time(), step=7, summary=summary_pb2.Summary(value=[value])))
    writer.close()


if __name__ == "__main__":
    main()

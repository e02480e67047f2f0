"""What buckets and folders far away themselves keep: names and bytes of objects, past the store."""

from collections import Counter, defaultdict

from expkit.record.model import OUTPUT, POINTS, RUNNING
from expkit.stores.disk.point_reader import PointReader
from expkit.stores.remote import layout
from expkit.stores.remote.coding import unpacked


def steps(store, uid, aside):
    """Steps of the metric ``loss`` of a run: those of its whole files, and of pieces behind their ends.

    Args:
        store: where.
        uid: of the run.
        aside: a file to put a whole one into.
    """
    found, run_id = [], store.load(uid).id
    for stream, objects in sorted(_streams(store, uid).items()):
        if stream.content == POINTS:
            if objects.joined:
                aside.write_bytes(store.media.get(layout.whole(run_id, stream)))
                found += PointReader(aside).read()
            for _, _, name in sorted(objects.pieces):
                found += unpacked(store.media.get(name), name)
    return [point.step for point in found if point.name == "loss"]


def doubles(store):
    """Notes on one run, bytes and items of streams that are there twice."""
    notes = Counter(layout.noted(item.name).uid for item in store.media.items(layout.RUNS))
    hashes = Counter(item.name.removeprefix(layout.BLOBS).replace("/", "") for item in store.media.items(layout.BLOBS))
    found = [twice for counted in (notes, hashes) for twice, count in counted.items() if count > 1]
    for key in store.ids():
        for stream, objects in _streams(store, key.uid).items():
            has_ended = store.load(key.uid).status != RUNNING
            found += [(key.uid, stream, name) for name in _again(objects, has_ended)]
            found += (
                [(key.uid, stream)] if stream.content == OUTPUT and not _is_counted(store, key, stream, objects) else []
            )
    return found


class _Objects:
    """The end that the note on a whole file says, and (start, end, name) of each piece."""

    def __init__(self):
        self.joined, self.pieces = 0, []


def _streams(store, uid):
    found = defaultdict(_Objects)
    for item in store.media.items(f"{layout.STREAMS}/{uid}"):
        stream, items = layout.stream_of(item.name)
        objects = found[stream]
        if items is None:
            objects.joined = max(objects.joined, layout.joined_end(item.name))
        else:
            objects.pieces.append((*items, item.name))
    return found


def _again(objects, has_ended):
    """Pieces whose items are elsewhere, too. Who dies while he gathers some leaves them beside what they became."""
    end = objects.joined
    for start, stop, name in sorted(objects.pieces, key=lambda piece: (piece[0], -piece[1])):
        if start < end and (has_ended or stop > end):
            yield name
        end = max(end, stop)


def _is_counted(store, key, stream, objects):
    """Whether the whole file of an output is as long as its note says."""
    return not objects.joined or store.media.size(layout.whole(key.id, stream)) == objects.joined

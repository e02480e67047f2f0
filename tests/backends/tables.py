"""What SQL databases themselves keep: asked of the tables, past the store."""

from sqlalchemy import func, or_, select

from expkit.stores.sql.tables import blobs, metrics, output, pieces, points, runs, streams


def steps(store, uid):
    """Steps of the metric ``loss`` of a run, in the order of their rows."""
    wanted = (
        select(points.c.step)
        .join(metrics, metrics.c.number == points.c.metric)
        .join(streams, streams.c.number == metrics.c.stream)
        .join(runs, runs.c.number == metrics.c.run)
        .where(runs.c.uid == uid, metrics.c.name == "loss")
        .order_by(streams.c.segment, streams.c.process, points.c.position)
    )
    return [step for (step,) in _asked(store, wanted)]


def doubles(store):
    """Points, output, metrics and bytes of which there is more than was counted."""
    found = [("points", *row) for row in _asked(store, _points())]
    found += [("metrics", *row) for row in _asked(store, _metrics())]
    found += [("bytes", *row) for row in _asked(store, _pieces())]
    return found + _output(store)


def _points():
    """Streams of points with two of one position, or with more points than they count."""
    places = func.count(func.distinct(points.c.position))
    return (
        select(metrics.c.stream, func.count(), places, streams.c.size)
        .join(metrics, metrics.c.number == points.c.metric)
        .join(streams, streams.c.number == metrics.c.stream)
        .group_by(metrics.c.stream, streams.c.size)
        .having(or_(func.count() != places, func.count() != streams.c.size))
    )


def _metrics():
    """Metrics of which one stream has two."""
    same = (metrics.c.stream, metrics.c.name, metrics.c.exact)
    return select(*same, func.count()).group_by(*same).having(func.count() > 1)


def _pieces():
    """Bytes whose pieces are more, or less, than they should be."""
    there = func.sum(func.length(pieces.c.data))
    return (
        select(blobs.c.sha256, there, blobs.c.size)
        .join(pieces, pieces.c.blob == blobs.c.number)
        .where(blobs.c.sha256.is_not(None))
        .group_by(blobs.c.sha256, blobs.c.size)
        .having(there != blobs.c.size)
    )


def _output(store):
    """Chunks of output that do not begin where the one before ends, or do not end where the stream does."""
    sizes = dict(_asked(store, select(streams.c.number, streams.c.size).where(streams.c.content == "output")))
    ends, found = dict.fromkeys(sizes, 0), []
    for stream, position, text, data in _asked(store, select(output).order_by(output.c.stream, output.c.position)):
        if stream in ends:
            found += [("output", stream, position)] if position != ends[stream] else []
            ends[stream] = position + len(data if text is None else text.encode())
    return found + [("output", stream, size) for stream, size in sizes.items() if ends[stream] != size]


def _asked(store, wanted):
    return store.server.read(lambda connection: [tuple(row) for row in connection.execute(wanted)], list)

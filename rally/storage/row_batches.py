"""Goes through sorted streams side by side, so that equal rows come together."""

from collections.abc import Iterator, Sequence

from rally.storage.row_streams import LAST, Rows, RowStream, Settle


def batches(
    groups: Sequence[Sequence[RowStream]],
    settles: Sequence[Settle],
    width: int,
    end: bytes = LAST,
    *,
    follows: bool = False,
) -> Iterator[list[Rows]]:
    """Goes through streams side by side: all rows of equal first bytes come together.

    Args:
        groups: streams, in groups.
        settles: for each group, what may be left out of rows of equal first bytes
            while more of them are read, so that memory stays bounded.
        width: how many first bytes tell rows apart.
        end: rows from here on stay where they are.
        follows: the last group is there for the first alone: what no row of the first
            can be equal to is not read of it.

    Yields:
        For each group its rows of the batch, stream by stream: not sorted.
    """
    while True:
        if follows and not _follow(groups[-1], groups[0], width, end):
            groups = [*groups[:-1], ()]
        filled = [[each for each in group if each.fill()] for group in groups]
        active = [stream for group in filled for stream in group]
        limit = min(
            (each.rows[-1][:width] for each in active if each.has_more), default=end
        )
        limit = min(limit, end)
        batch = [
            [row for each in group for row in each.take(limit)] for group in filled
        ]
        if any(batch):
            yield batch
        elif limit == end:
            return
        else:
            for group, settle in zip(filled, settles, strict=True):
                for each in group:
                    if each.has_more and each.rows[-1][:width] == limit:
                        each.extend(settle)


def head(streams: Sequence[RowStream]) -> bytes:
    """The first row that is not yet taken; LAST where there is none."""
    return min((each.rows[each.at] for each in streams if each.fill()), default=LAST)


def _follow(
    streams: Sequence[RowStream], leaders: Sequence[RowStream], width: int, end: bytes
) -> bool:
    """Skips to the first row of the leaders; False where there is none before `end`."""
    first = head(leaders)[:width]
    for each in streams if first < end else ():
        each.skip(first)
    return first < end

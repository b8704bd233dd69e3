"""Schedules to test with; the paths of one are as odd as paths may be."""

from hypothesis import strategies as st

from rally.scheduling.day import Places, Schedule

printed = st.text(max_size=40).filter(str.isprintable)
"""What a path may be made of."""

PLAIN = Schedule(
    Places("/srv/store", "/srv/keys"), (0, 30), None, None, ("/bin/rally",)
)


def odd(folder, rally=("/bin/rally",)):
    """Blanks, quotes, percent and dollar signs, and what a shell would expand."""
    name = """a b'c"d%e$HOME;f`g`{study}*"""
    return Schedule(
        Places(
            f"{folder}/{name}/store",
            f"{folder}/%%keys $$",
            f"{folder}/it's platform",
        ),
        (23, 5),
        None,
        None,
        rally,
    )

"""Sizes of the event log's files: numbers alone, which estimates count with, too."""

FILE_BYTES = 4 << 20
"""Mean size above which the number of buckets doubles. Who looks for one person reads a
header that grows with the file, some 40 KB of 4 MiB; a person who leaves makes delete
write one file anew; and a root names 256 of them for ten million events."""

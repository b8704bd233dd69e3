"""What is wrong with a file of ours."""


class CorruptFile(Exception):
    """The bytes are not a whole container file of ours; the message says where."""

"""The people of a development platform, whose keys are made once a process."""

from functools import cache

from rally.decisions.contents import JobKey, Person
from rally.decisions.signers import DEVELOPMENT, Signer, owner_of
from rally.keys import keysets
from rally.keys.folder import KEYSET, KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.keys.names import Job
from rally.keys.signing import PUBLIC, TinkKey


@cache
def _handle(owner):
    return keysets.generate("signature")


def signer(name):
    """A person who signs, such as `decide` or `owner-1`."""
    return Signer(name, TinkKey(_handle(name)))


def job_key(job):
    """The key of a job that no folder holds."""
    return TinkKey(_handle(f"job {job}"))


def people():
    """Everybody, as a founding names them."""
    return [
        Person(name, (role,), signer(name).key.public)
        for name, role in DEVELOPMENT.items()
    ]


def job_keys():
    """The public keys of all jobs, as a founding names them."""
    return [JobKey(job, job_key(job).public) for job in sorted(Job)]


def make_people_keys(folder):
    """A folder of everybody's private keys, under a KEK of its own; its URI."""
    keys = KeyFolder(str(folder))
    for name in DEVELOPMENT:
        assign_kek(keys, "purposes", owner_of(name))
        keys.create(
            owner_of(name) + KEYSET, keys.seal_keyset(owner_of(name), _handle(name))
        )
        keys.create(owner_of(name) + PUBLIC, signer(name).key.public.encode())
    return str(folder)

"""Violations in dead letters; each function returns what those of objects do."""

import json

from rally.dead_letters import LetterKind, LetterPlace, encode_dead_letters
from rally.storage.container import encode_container
from rally.validation.leaves import zig_zag
from tests.rally.audit.audited_platform import SEALED_PREFIX, day_of
from tests.rally.audit.studies import BOG
from tests.support.world import GARDEN, HOUSE


def put_letters(deployment, sealed, day=5, kind=LetterKind.PING, study=GARDEN):
    letters = LetterPlace(study, kind, day_of(day))
    name = f"{letters.folder}{'0' * 32}.avro"
    deployment.platform.create(name, encode_dead_letters(sealed, "0", "1"))
    return name


def unsealed(deployment):
    sealed = SEALED_PREFIX + bytes(100)
    name = put_letters(deployment, [b"in clear" * 20, sealed, SEALED_PREFIX + b"short"])
    return name, {"not sealed": 2}


def letter_beside_clear_text(deployment):
    letters = LetterPlace(GARDEN, LetterKind.PING, day_of(5))
    names = {"sealed": "bytes", "remote_addr": "string"}
    fields = [{"name": name, "type": each} for name, each in names.items()]
    schema = json.dumps({"type": "record", "name": "dead_letter", "fields": fields})
    sealed = SEALED_PREFIX + bytes(100)
    row = zig_zag(len(sealed)) + sealed + b"\x0e1.2.3.4"
    name = f"{letters.folder}{'0' * 32}.avro"
    data = encode_container(schema, [row], {}, bytes(16), indexed=False)
    deployment.platform.create(name, data)
    return name, {"beside something in clear": 1}


def late_letters(deployment):
    put_letters(
        deployment, [SEALED_PREFIX + bytes(100)] * 2, -50, LetterKind.WITHDRAWAL, HOUSE
    )
    what = "unreadable withdrawals, past their deadline"
    return f"{HOUSE}/withdrawal/{day_of(-50)}", {what: 2}


def old_letters(deployment):
    put_letters(deployment, [SEALED_PREFIX + bytes(100)] * 3, day=-24)
    return f"{GARDEN}/ping/{day_of(-24)}", {"past their time": 3}


def old_lapsed_letters(deployment):
    letters = [SEALED_PREFIX + bytes(100)]
    put_letters(deployment, letters, day=-8, kind=LetterKind.LAPSED)
    put_letters(deployment, letters * 2, day=-7, kind=LetterKind.LAPSED)
    return f"{GARDEN}/lapsed/{day_of(-8)}", {"past their time": 1}


def old_withdrawals_of_nobody(deployment):
    put_letters(
        deployment,
        [SEALED_PREFIX + bytes(100)] * 2,
        -50,
        LetterKind.WITHDRAWAL,
        "unknown",
    )
    return f"unknown/withdrawal/{day_of(-50)}", {"past their time": 2}


def foreign_letter(deployment):
    deployment.platform.create("dead-letters/notes.txt", b"hello")
    return "dead-letters/notes.txt", {"no object of dead letters": 1}


def damaged_letter(deployment):
    name = put_letters(deployment, [SEALED_PREFIX + bytes(100)])
    deployment.damage(deployment.platform, name, -30)
    return name, {"the checksum differs: bytes are missing or changed": 1}


def letters_of_concluded(deployment):
    put_letters(deployment, [SEALED_PREFIX + bytes(100)], study=BOG)
    return BOG, {"dead letters": 1}

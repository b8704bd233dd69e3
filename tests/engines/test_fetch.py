"""An engine that cannot be had is not there; one that is another is an error."""

import hashlib

import pytest

from tests.engines import fetch as fetching
from tests.engines.fetch import JARS, NAME, Unavailable, WrongJars, fetch


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with two jars in it, as reviewed; the machine has Java, and no Maven."""
    programs, reviewed = tmp_path / "bin", tmp_path / "reviewed"
    jars = tmp_path / NAME / JARS
    for folder in (programs, reviewed, jars):
        folder.mkdir(parents=True)
    (programs / "java").touch(mode=0o755)
    lines = []
    for name in ("a.jar", "b.jar"):
        (jars / name).write_text(name)
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    (reviewed / "jars.sha256").write_text("".join(lines))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(fetching, "HERE", reviewed)
    return jars


def test_jars_that_are_there_are_not_fetched_again(cache):
    assert fetch() == cache


@pytest.mark.parametrize("name", ["a.jar", "c.jar"], ids=["changed", "too many"])
def test_jars_that_are_not_as_reviewed_are_an_error(cache, name):
    (cache / name).write_text("another")
    with pytest.raises(WrongJars, match=f"{name}: is not as .*jars.sha256 says"):
        fetch()


def test_jar_that_is_missing_is_an_error(cache):
    (cache / "b.jar").unlink()
    with pytest.raises(WrongJars, match=r"b.jar: is not as .*jars.sha256 says"):
        fetch()


def test_what_the_machine_lacks_is_named(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    with pytest.raises(Unavailable, match="needs mvn, which is not on this machine"):
        fetch()
    (tmp_path / "bin/java").unlink()
    with pytest.raises(Unavailable, match="needs java, which is not on this machine"):
        fetch()


def test_maven_that_cannot_fetch_is_told_in_its_own_words(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    (fetching.HERE / "pom.xml").touch()
    maven = tmp_path / "bin/mvn"
    maven.write_text("#!/bin/sh\necho '[ERROR] no route to host'\nexit 1\n")
    maven.chmod(0o755)
    with pytest.raises(Unavailable, match=r"fetch Flink: \[ERROR\] no route to host"):
        fetch()
    assert list((tmp_path / "another").iterdir()) == []

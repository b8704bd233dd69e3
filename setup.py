"""Lets Beam build the workers' package; everything it says is in pyproject.toml."""

from setuptools import setup

setup()

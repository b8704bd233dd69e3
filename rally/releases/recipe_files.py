"""Reads the recipes of a registry's folder: `<namespace>/releases/<id>.yaml`.

A faulty recipe is a fault of its own and never closes its study: pings go on, and so
does whoever leaves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rally.errors import ConfigurationError, ManyFaults, faults_of
from rally.fields import Place, raise_all
from rally.plain_yaml import read_yaml
from rally.registry.folder import StudyFolder
from rally.registry.registry import Registry
from rally.releases.recipe import FOLDER, Recipe
from rally.releases.recipe_checks import find_faults
from rally.releases.recipe_parsing import read_recipe
from rally.releases.rehearsal import find_unreadable

_SUFFIX = ".yaml"
_MOST_RECIPES = 500  # of a study


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """A file of a study's releases.

    Attributes:
        namespace: Namespace of the study.
        id: Name of the file, without its suffix.
        place: Its file, for messages.
        recipe: Recipe; None where the file is none.
        faults: Reasons for which nothing is released by it, one line each.
    """

    namespace: str
    id: str
    place: Place
    recipe: Recipe | None
    faults: Sequence[str] = ()

    def require(self) -> Recipe:
        """Gives the recipe. Raises ConfigurationError with all of its faults."""
        raise_all(list(self.faults))
        assert self.recipe is not None  # what is none has a fault
        return self.recipe


def read_recipes(studies: str, registry: Registry) -> list[RecipeFile]:
    """Reads the recipes of all registered studies, by namespace and id.

    Args:
        studies: URI of the registry's folder.
        registry: Registry that was loaded from there.

    Raises:
        ConfigurationError: The folder cannot be read.
        ConnectionError: It cannot be reached.
    """
    folder = StudyFolder(studies)
    return [
        each
        for namespace in registry.namespaces
        for each in _read_study(folder, registry, namespace)
    ]


def find_recipe(
    studies: str, registry: Registry, namespace: str, id: str
) -> RecipeFile:
    """Reads one recipe, be it a faulty one.

    Args:
        studies: URI of the registry's folder.
        registry: Registry that was loaded from there.
        namespace: Namespace of the study.
        id: Name of the file, without its suffix.

    Raises:
        ConfigurationError: The study has no recipe of this name.
        ConnectionError: The folder cannot be reached.
    """
    found = list(_read_study(StudyFolder(studies), registry, namespace))
    for each in found:
        if each.id == id:
            return each
    known = ", ".join(each.id for each in found) or "none"
    raise ConfigurationError(f"{id}: is no recipe of {namespace}; it has {known}")


def _read_study(
    folder: StudyFolder, registry: Registry, namespace: str
) -> Iterator[RecipeFile]:
    prefix = f"{namespace}/{FOLDER}/"
    names = folder.names_below(prefix)
    if len(names) > _MOST_RECIPES:
        what = f"has more than {_MOST_RECIPES:,} recipes; remove old ones"
        raise Place(folder.file(prefix)).error(what)
    for name in names:
        yield _read_file(folder, registry, namespace, name)


def _read_file(
    folder: StudyFolder, registry: Registry, namespace: str, name: str
) -> RecipeFile:
    place = Place(folder.file(name))
    id = name.removeprefix(f"{namespace}/{FOLDER}/").removesuffix(_SUFFIX)
    try:
        recipe, place = _read_recipe(folder, place, namespace, name, id)
    except ConfigurationError as error:
        return RecipeFile(namespace, id, place, None, faults_of(error))
    faults = tuple(find_faults(recipe, registry, place))
    if not faults:
        faults = tuple(find_unreadable(recipe, place))
    return RecipeFile(namespace, id, place, recipe, faults)


def _read_recipe(
    folder: StudyFolder, place: Place, namespace: str, name: str, id: str
) -> tuple[Recipe, Place]:
    """Reads a recipe, and its place with lines; raises ConfigurationError."""
    if not name.endswith(_SUFFIX):
        raise place.error(f"is no recipe; name it *{_SUFFIX}, or remove it")
    yaml = read_yaml(place.file, folder.read(name))
    place = place._replace(lines=yaml.lines)
    try:
        recipe = read_recipe(place, namespace, id, yaml.value)
    except ConfigurationError as error:
        raise ManyFaults([*yaml.faults, *faults_of(error)]) from None
    raise_all([*yaml.faults])
    return recipe, place

"""Release: a table of aggregates of one study, by a recipe that was approved."""

import pipelines.beam_warnings  # noqa: F401 - before Beam, which speaks on import

# isort: split
import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import numpy as np
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.job import JobBody
from pipelines.lifecycle import Ended, JobStopped
from pipelines.options import (
    parse_options_here,
    pipeline_options,
    shared_settings,
    wants_json,
)
from pipelines.release import JOB, RELEASE
from pipelines.run_step import run_step
from rally.decisions.chain import LOSS, Chain
from rally.errors import ConfigurationError, ManyFaults
from rally.exit_status import DONE
from rally.registry.registry import SHIPPED, Registry
from rally.registry.study import Study, StudyKind
from rally.releases.budget import decimal_text
from rally.releases.cells import Cells, Part
from rally.releases.collecting import (
    Collector,
    ReleaseSettings,
    Sealing,
    divide,
    open_scans,
)
from rally.releases.draft import Draft
from rally.releases.noise import BlockNoise
from rally.releases.placing import open_releases, place, result_of_draft
from rally.releases.recent_people import check_recent, read_people_since
from rally.releases.recipe import Recipe, Window
from rally.releases.recipe_files import find_recipe
from rally.releases.release import Plan, plan, release_once
from rally.settings import latest, make_pseudonyms
from rally.tables import Column, Table, Value, print_results
from rally.times import InvalidTime, parse_day
from rally.withdrawal.bootstrap import open_list
from rally.withdrawal.study_view import StudyView

ReleaseOptions = pipeline_options("ReleaseOptions", RELEASE)


class Made(NamedTuple):
    """What a run of the job came to.

    Attributes:
        plan: Plan of the release.
        draft: The result; None where it was only planned.
        placed: Names of the files where results leave; None where it was not placed.
        missing: Signatures that are missing before it may leave, a few words each.
    """

    plan: Plan
    draft: Draft | None = None
    placed: tuple[str, ...] | None = None
    missing: tuple[str, ...] = ()


def run(argv: Sequence[str] | None = None) -> Draft | None:
    """Runs the job and returns the release; None where it was only planned.

    Raises:
        ConfigurationError: something is not as it must be; nothing was spent.
        JobStopped: a worker could not go on.
    """
    return _run(parse_options_here(JOB, argv)).draft


def _settings(options: PipelineOptions) -> ReleaseSettings:
    own = options.view_as(ReleaseOptions)
    return ReleaseSettings(**shared_settings(options), study=own.study or "")


def _run(options: PipelineOptions) -> Made:
    own = options.view_as(ReleaseOptions)
    settings = _settings(options)
    studies = settings.studies or SHIPPED
    registry, now = settings.registry(), settings.clock()()
    study = _find_study(registry, own.study)
    settings = settings.of(study.namespace).fixed_at(now)
    recipe = find_recipe(studies, registry, study.namespace, own.recipe).require()
    window = _find_window(recipe, own.window, now)
    platform = settings.stores().platform
    opened = open_list(platform)
    chain = opened.decisions
    if chain.has_loss:
        raise JobStopped(LOSS)
    if study.namespace in settings.concluded(registry):
        raise JobStopped(
            f"{study.namespace}: is concluded, and its rows are gone or going; nothing"
            " more is released of it"
        )
    planned = plan(platform, registry, chain, recipe, window, now)
    if own.plan_only:
        return Made(planned)
    counter = opened.list.counter
    if planned.draft is None:  # else no row is read
        counter = check_recent(settings.stores(), chain, study.namespace, counter, now)
    collect = partial(
        _collect, options, settings, registry, study, recipe, window, counter
    )
    key = settings.release_key()
    made = release_once(platform, registry, chain, recipe, window, collect, key, now)
    return _leave(own.releases, settings, chain, planned, made, now)


def _find_study(registry: Registry, name: str) -> Study:
    study = registry.resolve(name)
    if study is None:
        if closed := registry.resolve_unavailable(name):
            raise ManyFaults(registry.unavailable[closed].faults)
        raise ConfigurationError(f"--study: {name} is no study of the registry")
    if study.kind is StudyKind.PLATFORM:
        raise ConfigurationError(
            f"--study: {study.namespace} is the platform's own, of which nothing is"
            " released"
        )
    return study


def _find_window(recipe: Recipe, first: str | None, now: datetime) -> Window:
    """Finds the window that an option names, or else the last one that is over."""
    windows = [*recipe.windows()]
    if first is not None:
        day = _read_day(first)
        for each in windows:
            if each.first == day:
                return each
        known = ", ".join(str(each.first) for each in (windows[0], windows[-1]))
        raise ConfigurationError(
            f"--window: {day} begins no release of {recipe.name}; the first and the"
            f" last begin on {known}"
        )
    over = [each for each in windows if each.is_over(now)]
    return over[-1] if over else windows[0]  # of which the plan says that it is not


def _read_day(text: str) -> date:
    try:
        return parse_day(text)
    except InvalidTime:
        raise ConfigurationError(
            "--window: must be a date such as 2026-05-04"
        ) from None


def _collect(
    options: PipelineOptions,
    settings: ReleaseSettings,
    registry: Registry,
    study: Study,
    recipe: Recipe,
    window: Window,
    counter: int,
) -> np.ndarray:
    """Sums all rows, on the runner that the options name: exact, and secret.

    What counts is judged by now, however far back the job looks: retention may have
    ended since, and a consent.
    """
    now = latest(settings.clock()())
    settings, stores = settings.fixed_at(now), settings.stores()
    pseudonyms = make_pseudonyms(settings.keys(registry), registry)
    published = read_people_since(stores, counter)
    view = StudyView.of_list(published, study, pseudonyms, now)
    store = stores.of(study.namespace)
    works = divide(open_scans(store, study, recipe, window, view, now), window)
    sealing = Sealing(recipe.release_id(window))
    counter = published.list.counter
    make_worker = partial(Collector, settings, recipe, window, sealing.public, counter)
    platform, what = stores.platform, "parts summed"
    answers = run_step(JOB, options, "Sum", works, make_worker, platform, what)
    cells = Cells(recipe)
    return cells.merge(sealing.open(answers, cells))


def _leave(
    releases: str | None,
    settings: ReleaseSettings,
    chain: Chain,
    planned: Plan,
    draft: Draft,
    now: datetime,
) -> Made:
    """Places the result, once it is signed and a place for results is named."""
    platform = settings.stores().platform
    result = result_of_draft(platform, chain, draft.study, draft.release)
    missing = result.approval.faults
    if missing or not releases:
        return Made(planned, draft, missing=missing)
    opened = open_releases(releases, chain)
    placing = place(platform, chain, opened, result, settings.release_key(), now)
    return Made(planned, draft, tuple(each.name for each in placing.files))


_ERRORS: tuple[Column[BlockNoise], ...] = (
    Column("measure", lambda each: each.block.name),
    Column("error", lambda each: math.ceil(each.error), text=lambda each: _error(each)),
    Column("rho", lambda each: str(each.rho), head=None),
)


def _error(noise: BlockNoise) -> str:
    digits = noise.block.measure.digits if noise.block.part is Part.SUM else 0
    error = Decimal(math.ceil(noise.error)).scaleb(-digits)
    return f"±{error:,f}, 19 times in 20"


def _report(made: Made, *, as_json: bool) -> Ended:
    planned, draft = made.plan, made.draft
    table = Table(_ERRORS, planned.noise)
    left = planned.budget.left - planned.rho
    content: dict[str, Value | Table[BlockNoise]] = {
        "release": planned.release,
        "groups": planned.recipe.groups,
        "rho": decimal_text(planned.rho),
        "left": decimal_text(left),
        "measures": table,
        "sha256": draft.sha256 if draft else None,
        "placed": list(made.placed) if made.placed is not None else None,
        "missing": list(made.missing),
    }
    print_results(
        content, "\n".join(_told(made)), table, "\n".join(_next(made)), as_json=as_json
    )
    return Ended(DONE)


def _told(made: Made) -> Iterator[str]:
    planned = made.plan
    recipe = planned.recipe
    measures = ", ".join(each.name for each in recipe.measures)
    by = " and ".join(each.field for each in recipe.group_by)
    yield f"{measures}{f' by {by}' if by else ''}: {recipe.groups:,} groups"
    left = planned.budget.left - planned.rho
    yield f"cost   rho {decimal_text(planned.rho)}; left {decimal_text(left)}"


def _next(made: Made) -> Iterator[str]:
    study, release = made.plan.recipe.namespace, made.plan.release
    if made.draft is None:
        yield "Nothing drawn or spent."
        return
    yield f"{study}/{release}: made, and kept inside; sha256 {made.draft.sha256}"
    if made.placed is not None:
        yield f"placed where results leave: {', '.join(made.placed)}"
        return
    for each in made.missing:
        yield f"before it may leave: {each}"
    if made.missing:
        yield f"Next: rally releases show {study} {release}, then rally releases sign"
    else:
        yield f"Next: rally releases place {study} {release} --releases URI"


BODY = JobBody(
    lambda options: _report(_run(options), as_json=wants_json(options)), _settings
)

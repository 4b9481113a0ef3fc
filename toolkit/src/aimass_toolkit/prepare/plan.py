"""`spec.prepare`, typed, with its defaults."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from aimass_toolkit.stage.report import StageError

NUMBERS_ONLY = ("mean", "median")


@dataclass(frozen=True)
class Column:
    """What is done with one column. Without a type it is inferred."""

    type: str | None = None
    impute: str | None = None
    fill: str | None = None
    encode: str | None = None
    normalise: str | None = None
    clip: tuple[float, float] | None = None


@dataclass(frozen=True)
class Range:
    """Rows whose value is outside are dropped."""

    column: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Clean:
    """Which rows and columns are dropped."""

    drop_duplicates: bool = True
    drop_columns_missing_above: float = 0.9
    ranges: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Split:
    """How the rows are parted. `stratify` of None means: for classification."""

    validation: float = 0.15
    test: float = 0.15
    stratify: bool | None = None
    group_by: str | None = None
    time_by: str | None = None


@dataclass(frozen=True)
class Plan:
    """All of `spec.prepare`."""

    target: str
    source: str | None = None
    format: str | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    numeric: Column = Column(impute="median", normalise="standard")
    categorical: Column = Column(impute="mostFrequent", encode="oneHot")
    clean: Clean = Clean()
    split: Split = Split()

    def for_column(self, name: str, kind: str) -> Column:
        """What is done with a column of this type: its own settings over the defaults of its type."""
        given = self.columns.get(name, Column())
        base = self.numeric if kind == "numeric" else self.categorical
        chosen = {
            key: getattr(given, key) if getattr(given, key) is not None else getattr(base, key)
            for key in ("impute", "fill", "encode", "normalise", "clip")
        }
        return checked(name, Column(type=kind, **chosen))


def checked(name: str, column: Column) -> Column:
    """Refuses settings that do not fit the type of a column."""
    place = f"spec.prepare.columns.{name}"
    if column.type == "categorical":
        if column.impute in NUMBERS_ONLY:
            refuse(f"{place}.impute is {column.impute}, which is for numbers; use mostFrequent or constant.")
        if column.clip or column.normalise:
            refuse(f"{place} has {'clip' if column.clip else 'normalise'}, which is for numbers; use encode.")
        return replace(column, fill=column.fill if column.fill is not None else "missing")
    if column.encode:
        refuse(f"{place}.encode is {column.encode}, which is for categories; use normalise, or set type: categorical.")
    if column.clip and column.clip[0] >= column.clip[1]:
        refuse(f"{place}.clip is {list(column.clip)}; the first value must be the smaller one.")
    return replace(column, fill=column.fill if column.fill is not None else "0")


def refuse(message: str) -> None:
    """A setting that cannot be."""
    raise StageError("InvalidSpec", message)


def parse_plan(spec: dict[str, Any]) -> Plan:
    """The plan of `spec.prepare`."""
    defaults = spec.get("defaults") or {}
    clean, split = spec.get("clean") or {}, spec.get("split") or {}
    plan = Plan(
        target=spec["target"],
        source=spec.get("source"),
        format=spec.get("format"),
        columns={name: parse_column(one) for name, one in (spec.get("columns") or {}).items()},
        numeric=over(Plan.numeric, defaults.get("numeric") or {}),
        categorical=over(Plan.categorical, defaults.get("categorical") or {}),
        clean=Clean(
            clean.get("dropDuplicates", True),
            clean.get("dropColumnsMissingAbove", 0.9),
            tuple(Range(one["column"], one.get("min"), one.get("max")) for one in clean.get("ranges") or ()),
        ),
        split=Split(
            split.get("validation", 0.15),
            split.get("test", 0.15),
            split.get("stratify"),
            split.get("groupBy"),
            split.get("timeBy"),
        ),
    )
    if plan.split.validation + plan.split.test >= 1:
        refuse("spec.prepare.split leaves no rows to train on; validation and test together must be below 1.")
    return plan


def parse_column(value: dict[str, Any]) -> Column:
    """The settings of one column."""
    clip = value.get("clip")
    return Column(
        value.get("type"),
        value.get("impute"),
        None if value.get("fill") is None else str(value["fill"]),
        value.get("encode"),
        value.get("normalise"),
        None if clip is None else (float(clip[0]), float(clip[1])),
    )


def over(base: Column, given: dict[str, Any]) -> Column:
    """The defaults of a type with what the spec says over them."""
    return replace(base, **{key: value for key, value in given.items() if value is not None})

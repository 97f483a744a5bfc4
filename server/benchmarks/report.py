"""Print measurements: a table for people, a JSON object for programs."""

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from appliance.infrastructure.machine import Machine, describe_machine


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """A measured value. `baseline` is a comparison value from the same run, `bar` is the target. Both can be null."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    bar: float | None = None
    holds: bool | None = None


class MeasurementReport(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    machine: Machine
    measurements: list[Measurement]


def at_least(name: str, value: float, unit: str, bar: float, baseline: float | None = None) -> Measurement:
    return Measurement(name=name, value=_rounded(value), unit=unit, bar=bar, baseline=baseline, holds=value >= bar)


def at_most(name: str, value: float, unit: str, bar: float, baseline: float | None = None) -> Measurement:
    return Measurement(name=name, value=_rounded(value), unit=unit, bar=bar, baseline=baseline, holds=value <= bar)


def plain(name: str, value: float, unit: str, baseline: float | None = None) -> Measurement:
    return Measurement(name=name, value=_rounded(value), unit=unit, baseline=baseline)


def quantile(values: list[float], share: float) -> float:
    """Return the quantile of the values for a share from 0 to 1."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def _rounded(value: float) -> float:
    return round(value, 4)


def print_report(name: str, measurements: list[Measurement], *, as_json: bool) -> None:
    report = MeasurementReport(name=name, machine=describe_machine(), measurements=measurements)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
        return
    table = Table(
        "measurement", "value", "unit", "baseline", "target", "met", box=None, header_style="bold", title=name
    )
    for row in measurements:
        met = "" if row.holds is None else ("yes" if row.holds else Text("no", "red"))
        table.add_row(row.name, _cell(row.value), row.unit, _cell(row.baseline), _cell(row.bar), met)
    out = Console(highlight=False, markup=False, emoji=False)
    out.print(table)
    machine = report.machine
    out.print(
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, {' '.join(machine.features)}",
        style="dim",
    )


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"

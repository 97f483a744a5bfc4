"""The one form in which measurements are printed: for people a table, for programs a JSON object."""

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from appliance.infrastructure.machine import Machine, describe_machine


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """`baseline` is what was measured beside it in the same run; `bar` is what it has to reach; null where there is none."""

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
    return Measurement(name=name, value=_short(value), unit=unit, bar=bar, baseline=baseline, holds=value >= bar)


def at_most(name: str, value: float, unit: str, bar: float, baseline: float | None = None) -> Measurement:
    return Measurement(name=name, value=_short(value), unit=unit, bar=bar, baseline=baseline, holds=value <= bar)


def plain(name: str, value: float, unit: str, baseline: float | None = None) -> Measurement:
    return Measurement(name=name, value=_short(value), unit=unit, baseline=baseline)


def quantile(values: list[float], share: float) -> float:
    """The value that this share of the values, from 0 to 1, does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def _short(value: float) -> float:
    return round(value, 4)


def print_report(name: str, measurements: list[Measurement], *, as_json: bool) -> None:
    report = MeasurementReport(name=name, machine=describe_machine(), measurements=measurements)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
        return
    table = Table("measured", "value", "unit", "baseline", "bar", "holds", box=None, header_style="bold", title=name)
    for each in measurements:
        holds = "" if each.holds is None else ("yes" if each.holds else Text("no", "red"))
        table.add_row(each.name, _cell(each.value), each.unit, _cell(each.baseline), _cell(each.bar), holds)
    out = Console(highlight=False, markup=False, emoji=False)
    out.print(table)
    machine = report.machine
    out.print(
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, {' '.join(machine.features)}",
        style="dim",
    )


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"

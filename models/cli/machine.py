"""`models probe`, `models plan`, `models recommend`."""

from urllib.parse import urlencode

import click
from rich.table import Table
from rich.text import Text

from models.cli.context import JSON_OPTION, ModelsFolder, console, print_json, run
from models.memory.machine_state import MachineState
from models.memory.plan import LoadPlan, format_size
from models.memory.recommendation import Recommendation
from models.memory.recommendation import recommend as recommend_models
from models.probe.devices import Gpu
from models.probe.probe import probe_machine
from models.runtime.metrics import Metrics
from models.runtime.residency import Residency
from models.settings import load_settings


@click.command()
@JSON_OPTION
def probe(as_json: bool) -> None:
    """Show the hardware for models: processor, memory and GPUs. Also show what the installed libraries can use."""
    machine = run(probe_machine(libraries=True))
    if as_json:
        print_json(machine)
        return
    out = console()
    processor, memory = machine.processor, machine.memory
    table = Table(box=None, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row(
        "Processor", f"{processor.name}, {processor.cores} cores; {' '.join(processor.features) or 'no vectors'}"
    )
    table.add_row("Memory", f"{format_size(memory.available)} free of {format_size(memory.total)}")
    table.add_row("GPUs", machine.gpu.finding + (f" Driver {machine.gpu.driver}." if machine.gpu.driver else ""))
    for gpu in machine.gpu.gpus:
        table.add_row("", _gpu(gpu))
    for library in machine.libraries:
        table.add_row(library.name, f"{library.version}  {library.finding}".strip())
    out.print(table)


@click.command()
@click.argument("name")
@JSON_OPTION
@click.pass_obj
def plan(models_folder: ModelsFolder, name: str, as_json: bool) -> None:
    """Show how a model would be loaded at present, and why."""
    with models_folder.client() as client:
        running = client.is_running()
        load_plan = (
            client.admin("GET", f"plan?{urlencode({'model': name})}", LoadPlan)
            if running
            else run(_plan_here(models_folder, name))
        )
    if as_json:
        print_json(load_plan)
        return
    need = load_plan.need
    out = console()
    out.print(
        Text.assemble(
            (load_plan.model, "bold"),
            f" on {load_plan.device}, {load_plan.threads} threads",
            f", context {load_plan.context:,}" if load_plan.context else "",
        )
    )
    parts = (
        ("weights", need.weights),
        ("KV cache", need.kv_cache),
        ("compute", need.compute),
        ("process", need.process),
    )
    out.print("  " + ", ".join(f"{name} {format_size(size)}" for name, size in parts if size))
    out.print(f"  {format_size(need.ram)} of memory; the limit is {format_size(load_plan.budget.ram)}")
    for gpu, size in need.gpus.items():
        out.print(f"  {format_size(size)} of GPU {gpu}; the limit is {format_size(load_plan.budget.gpus[gpu])}")
    for reason in load_plan.reasons:
        out.print(f"  {reason}")


@click.command()
@JSON_OPTION
@click.pass_obj
def recommend(models_folder: ModelsFolder, as_json: bool) -> None:
    """List published chat models, and which of them fit this machine."""
    recommendations = run(_recommend(models_folder))
    if as_json:
        print_json({"models": recommendations})
        return
    table = Table(box=None, header_style="bold")
    for heading in ("", "name", "size", "on this machine"):
        table.add_column(heading, no_wrap=True)
    for heading in ("use", "languages", "licence"):
        table.add_column(heading)
    for recommendation in recommendations:
        model = recommendation.model
        table.add_row(
            "→" if recommendation.best else "",
            model.name,
            format_size(model.size),
            _here(recommendation),
            model.note,
            model.languages,
            model.licence,
            style="bold" if recommendation.best else None if recommendation.plan else "dim",
        )
    out = console()
    out.print(table)
    best = next((recommendation for recommendation in recommendations if recommendation.best), None)
    if best is None:
        out.print("No model fits into the free memory. Without a chat model, answers quote passages.")
        return
    out.print(
        Text.assemble(
            "\n",
            (best.model.name, "bold"),
            f": {best.why} It is the largest model in the list that generates at reading speed on this machine.",
        )
    )
    out.print(
        f"`lampstand models download {best.model.name}` downloads {format_size(best.model.size)} from {best.model.url}"
    )
    out.print(
        "If this machine has no internet, download the file on another machine and run `lampstand models add FILE`.",
        style="dim",
    )


def _here(recommendation: Recommendation) -> str:
    if recommendation.plan is None:
        return "does not fit"
    return f"on {recommendation.plan.device}" if recommendation.quick else "slow"


def _gpu(gpu: Gpu) -> str:
    if gpu.problem:
        return f"{gpu.name}: {gpu.problem}"
    details = [f"{format_size(gpu.free)} free of {format_size(gpu.total)}"]
    details += [f"compute capability {gpu.compute_capability}"] if gpu.compute_capability else []
    details += [f"{gpu.temperature_c} °C"] if gpu.temperature_c is not None else []
    details += [f"used by {', '.join(str(process.pid) for process in gpu.processes)}"] if gpu.processes else []
    return f"{gpu.index}: {gpu.name}, {', '.join(details)}"


async def _plan_here(models_folder: ModelsFolder, name: str) -> LoadPlan:
    residency = Residency(models_folder.catalogue, load_settings(models_folder.folder), metrics=Metrics())
    return await residency.plan(models_folder.catalogue.find(name))


async def _recommend(models_folder: ModelsFolder) -> list[Recommendation]:
    machine = MachineState(load_settings(models_folder.folder), probe_machine)
    await machine.refresh()
    return recommend_models(machine.budget(), machine.plan_options())

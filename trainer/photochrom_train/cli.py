"""The `photochrom-train` command."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from photochrom_train.config import ConfigError, TrainConfig, load_config


def _prepare(config: TrainConfig, options: argparse.Namespace) -> int:
    from photochrom_train.photo_cache import prepare_cache

    with tqdm(unit=" photos", disable=None) as bar:

        def on_progress(done: int) -> None:
            bar.update(done - bar.n)

        cache = prepare_cache(config.data, options.cache, on_progress)
    bad = cache.index["bad"]
    assert isinstance(bad, list)
    print(f"{len(cache)} photographs in {options.cache}; {len(bad)} unreadable ones left out")
    for name in bad:
        print(f"  unreadable: {name}")
    return 0


def _train(config: TrainConfig, options: argparse.Namespace) -> int:
    from photochrom_train.distributed import join_world
    from photochrom_train.photo_cache import PhotoCache
    from photochrom_train.training import train

    with join_world(options.device) as world, tqdm(unit=" steps", disable=None if world.leads else True) as bar:

        def on_step(done: int, total: int, loss: float) -> None:
            bar.total = total
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update(done - bar.n)

        complete = train(config, PhotoCache(options.cache), options.run, world, on_step=on_step)
    print(f"run {'complete' if complete else 'stopped; the same command resumes it'}: {options.run}")
    return 0 if complete else 130


def _export(config: TrainConfig, options: argparse.Namespace) -> int:
    from photochrom_train.export import export, write_report
    from photochrom_train.photo_cache import PhotoCache

    checkpoint = options.run / "checkpoint.pt"
    interpreters = [Path(sys.executable), *options.also_python]
    report = export(config, checkpoint, PhotoCache(options.cache), options.out, interpreters)
    write_report(report, options.run / "export.json")
    contract = report.contract
    print(f"wrote {options.out / contract.file}: {contract.size_bytes} bytes, {contract.macs} multiply-accumulates")
    for engine, differences in report.differences.items():
        print(f"  {engine}: " + ", ".join(f"{name} within {value:.2g}" for name, value in differences.items()))
    print(f"  {report.calibration}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="photochrom-train", description="Train, evaluate and export networks.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, action, text in (
        ("prepare", _prepare, "decode and shrink the photographs once into a cache"),
        ("train", _train, "train, or resume a run; `torchrun -m photochrom_train train …` for several processes"),
        ("export", _export, "calibrate, write NAME.onnx and its contract, and prove them on every engine"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("config", type=Path, help="the run's TOML file")
        command.add_argument("--cache", type=Path, default=Path("cache"), help="the photo cache [%(default)s]")
        command.set_defaults(action=action)
        if name == "train":
            command.add_argument("--run", type=Path, required=True, help="folder of the run")
            command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="[%(default)s]")
        if name == "export":
            command.add_argument("--run", type=Path, required=True, help="folder of the run")
            command.add_argument("--out", type=Path, required=True, help="folder for NAME.onnx and NAME.json")
            command.add_argument(
                "--also-python",
                type=Path,
                action="append",
                default=[],
                help="a Python interpreter with another OpenCV, whose values must agree too; may be given repeatedly",
            )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        return int(options.action(load_config(options.config), options))
    except (ConfigError, ValueError, FileNotFoundError, RuntimeError) as error:
        print(f"photochrom-train: {error}", file=sys.stderr)
        return 2

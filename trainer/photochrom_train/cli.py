"""The `photochrom-train` command."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from photochrom.errors import PhotochromError
from photochrom_train.config import load_config


def _prepare(options: argparse.Namespace) -> int:
    from photochrom_train.photo_cache import prepare_cache

    config = load_config(options.config)
    with tqdm(unit=" photos", disable=None) as bar:

        def on_progress(done: int) -> None:
            bar.update(done - bar.n)

        cache = prepare_cache(config.data, options.cache, on_progress)
    print(f"{len(cache)} photographs in {options.cache}; {len(cache.bad)} unreadable ones left out")
    for name in cache.bad:
        print(f"  unreadable: {name}")
    return 0


def _train(options: argparse.Namespace) -> int:
    from photochrom_train.distributed import join_world
    from photochrom_train.photo_cache import PhotoCache
    from photochrom_train.training import train

    config = load_config(options.config)
    with join_world(options.device) as world, tqdm(unit=" steps", disable=None if world.leads else True) as bar:

        def on_step(done: int, total: int, loss: float) -> None:
            bar.total = total
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update(done - bar.n)

        cache = PhotoCache(options.cache)
        cache.require(config.data)
        complete = train(config, cache, options.run, world, on_step=on_step)
    if world.leads:
        print(f"run {'complete' if complete else 'stopped; the same command resumes it'}: {options.run}")
    return 0 if complete else 130


def _export(options: argparse.Namespace) -> int:
    from photochrom_train.export import export, write_report
    from photochrom_train.photo_cache import PhotoCache

    config = load_config(options.config)
    interpreters = [Path(sys.executable), *options.also_python]
    cache = PhotoCache(options.cache)
    cache.require(config.data)
    report = export(config, options.run, cache, options.out, interpreters)
    write_report(report, options.run / "export.json")
    contract = report.contract
    print(f"wrote {options.out / contract.file}: {contract.size_bytes} bytes, {contract.macs} multiply-accumulates")
    for engine, differences in report.differences.items():
        print(f"  {engine}: " + ", ".join(f"{name} within {value:.2g}" for name, value in differences.items()))
    print(f"  {report.calibration}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from photochrom_train.baselines import measure_mean_colours
    from photochrom_train.evaluation_table import tables
    from photochrom_train.evaluator import Evaluator, evaluate, write_evaluation
    from photochrom_train.photo_cache import PhotoCache
    from photochrom_train.photo_source import expand
    from photochrom_train.recognition import Recogniser

    evaluator = Evaluator(
        options.model,
        measure_mean_colours(PhotoCache(options.cache), options.seed),
        Recogniser(options.classifier) if options.classifier else None,
        device=options.device,
        engine=options.engine,
    )
    with tqdm(unit=" photos", disable=None) as bar:

        def on_photo(done: int) -> None:
            bar.update(done - bar.n)

        evaluation, sheet = evaluate(
            evaluator, expand(options.photos), limit=options.limit, seed=options.seed, on_photo=on_photo
        )
    print(tables(evaluation))
    for name in evaluation.unreadable:
        print(f"  unreadable: {name}")
    write_evaluation(evaluation, sheet, options.out)
    return 0


def _report(options: argparse.Namespace) -> int:
    from photochrom_train.report import ReportPaths, write_report

    config = load_config(options.config)
    paths = ReportPaths(
        config=options.config,
        run=options.run,
        cache=options.cache,
        evaluation=options.evaluation,
        template=options.template,
        samples=options.samples,
        card=options.out,
        records=options.records,
    )
    write_report(config, paths)
    print(f"wrote {options.out} and {options.records}")
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive; give at least 1")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="photochrom-train", description="Train, evaluate and export networks.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str, *, config: bool = True) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        if config:
            command.add_argument("config", type=Path, help="the run's TOML file")
        command.add_argument("--cache", type=Path, default=Path("cache"), help="the photo cache [%(default)s]")
        return command

    prepare = add("prepare", "decode and shrink the photographs once into a cache")
    prepare.set_defaults(action=_prepare)

    train = add("train", "train, or resume a run; `torchrun -m photochrom_train train …` for several processes")
    train.add_argument(
        "--run",
        "--run-folder",
        type=Path,
        required=True,
        help="folder of the run; --run-folder behind torchrun, which takes --run for one of its own options",
    )
    train.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="[%(default)s]")
    train.set_defaults(action=_train)

    export = add("export", "calibrate, write NAME.onnx and its contract, and prove them on every engine")
    export.add_argument("--run", type=Path, required=True, help="folder of the run")
    export.add_argument("--out", type=Path, required=True, help="folder for NAME.onnx and NAME.json")
    export.add_argument(
        "--also-python",
        type=Path,
        action="append",
        default=[],
        help="a Python interpreter with another OpenCV, whose values must agree too; may be given repeatedly",
    )
    export.set_defaults(action=_export)

    evaluate = add("evaluate", "measure an exported network on photographs, against two baselines", config=False)
    evaluate.add_argument("--model", type=Path, required=True, help="the .onnx file; its contract lies beside it")
    evaluate.add_argument("--photos", nargs="+", required=True, help="image folders and .tar shards, not trained on")
    evaluate.add_argument("--out", type=Path, required=True, help="folder for evaluation.json, .md and sheet.png")
    evaluate.add_argument("--classifier", type=Path, help="MobileNetV2 file, to recognise ImageNet photographs")
    evaluate.add_argument("--limit", type=_positive, help="measure only the first so many photographs")
    evaluate.add_argument("--seed", type=int, default=1, help="of baseline, intervals and sheet [%(default)s]")
    evaluate.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "cuda_fp16"), default="auto", help="[%(default)s]"
    )
    evaluate.add_argument("--engine", choices=("opencv", "onnxruntime"), default="opencv", help="[%(default)s]")
    evaluate.set_defaults(action=_evaluate)

    report = add("report", "write the model card and the record of a run")
    report.add_argument("--run", type=Path, required=True, help="folder of the run")
    report.add_argument("--evaluation", type=Path, required=True, help="folder that evaluate wrote")
    report.add_argument("--template", type=Path, required=True, help="the card's hand-written part, with placeholders")
    report.add_argument("--samples", type=Path, required=True, help="folder of photographs that may be published")
    report.add_argument("--out", type=Path, required=True, help="the card: NAME.md beside NAME.onnx and NAME.json")
    report.add_argument("--records", type=Path, required=True, help="folder for the record of the run")
    report.set_defaults(action=_report)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        return int(options.action(options))
    except KeyboardInterrupt:
        print("photochrom-train: stopped", file=sys.stderr)
        return 130
    except (PhotochromError, ValueError, OSError, RuntimeError) as error:
        print(f"photochrom-train: {error}", file=sys.stderr)
        return 2

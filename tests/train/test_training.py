import dataclasses
import signal
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from photochrom_train.checkpoint import Checkpoint, load_averaged, load_exported, progress_of, read_checkpoint
from photochrom_train.colorize_network import Part
from photochrom_train.config import DataConfig, LossConfig, TrainConfig
from photochrom_train.distributed import World
from photochrom_train.networks import build_network
from photochrom_train.palette import Palette
from photochrom_train.photo_cache import PhotoCache, prepare_cache
from photochrom_train.run_log import read_log
from photochrom_train.run_record import read_sessions
from photochrom_train.training import train

CPU = torch.device("cpu")
ALONE = World(0, 1, CPU)

Weights = dict[str, torch.Tensor]


def stop_at(step: int) -> Callable[[int, int, float], None]:
    """A callback that does what Ctrl-C does, after a step."""

    def on_step(done: int, _: int, __: float) -> None:
        if done == step:
            signal.raise_signal(signal.SIGINT)

    return on_step


def checkpoint_of(run: Path) -> Checkpoint:
    return read_checkpoint(run / "checkpoint.pt", CPU)


def assert_same(one: Weights, other: Weights) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def log_without_speed(run: Path) -> list[dict[str, str]]:
    return [{key: value for key, value in row.items() if key != "photos_per_s"} for row in read_log(run / "train.csv")]


def changed(one: Weights, other: Weights) -> list[str]:
    return [name for name in one if not torch.equal(one[name], other[name])]


@pytest.fixture(scope="module")
def two_stages(config: TrainConfig, with_stage) -> TrainConfig:
    """Four steps of classification, then three that look at whole pictures, one against a discriminator."""
    loss = {
        "classification": 0.5,
        "chroma": 0.1,
        "coherence": 0.2,
        "false_colour": 0.1,
        "false_red": 0.1,
        "colourfulness": 1.0,
        "adversarial": 0.5,
    }
    settings = {"size": 64, "steps": 3, "dropout": 0.3, "temperature": 0.4, "colourfulness": 0.9}
    second = dataclasses.replace(with_stage(loss, name="second", **settings).stages[0], begins_with=("only",))
    first = dataclasses.replace(config.stages[0], steps=4)
    return dataclasses.replace(config, stages=(first, second))


@pytest.fixture(scope="module")
def whole_run(two_stages: TrainConfig, cache: PhotoCache, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole")
    losses: list[float] = []
    assert train(two_stages, cache, run, ALONE, on_step=lambda _, __, loss: losses.append(loss))
    assert len(losses) == 7
    assert np.isfinite(losses).all()
    return run


@pytest.mark.parametrize("stop", [2, 5])
def test_a_stopped_run_resumes_to_the_very_weights_of_one_that_was_not(
    two_stages: TrainConfig, cache: PhotoCache, whole_run: Path, tmp_path: Path, stop: int
):
    before = signal.getsignal(signal.SIGINT)
    assert not train(two_stages, cache, tmp_path, ALONE, on_step=stop_at(stop))
    assert signal.getsignal(signal.SIGINT) is before
    assert progress_of(checkpoint_of(tmp_path)).photos == 2 * stop
    assert train(two_stages, cache, tmp_path, ALONE)
    resumed, whole = checkpoint_of(tmp_path), checkpoint_of(whole_run)
    for part in ("network", "average", "discriminator"):
        assert_same(resumed[part], whole[part])
    assert log_without_speed(tmp_path) == log_without_speed(whole_run)
    assert [session.first_step for session in read_sessions(tmp_path)] == [0, stop]


def test_a_finished_run_leaves_its_logs_sheets_and_checkpoints(whole_run: Path):
    names = {path.name for path in whole_run.iterdir()}
    assert {"checkpoint.pt", "stage-only.pt", "stage-second.pt", "train.csv", "validation.csv", "curves.png"} <= names
    assert {"samples-000004.png", "samples-000007.png", "sessions.jsonl", "tensorboard"} <= names
    rows = read_log(whole_run / "train.csv")
    assert [(row["step"], row["stage"]) for row in rows] == [("4", "only"), ("7", "second")]
    assert float(rows[0]["classification"]) > 0
    assert rows[0]["adversarial"] == rows[0]["colourfulness"] == ""
    assert float(rows[1]["adversarial"]) > 0
    assert float(rows[1]["coherence"]) > 0
    assert float(rows[1]["false_colour"]) > 0
    assert float(rows[1]["false_red"]) > 0
    assert float(rows[1]["discriminator"]) > 0
    assert [row["step"] for row in read_log(whole_run / "validation.csv")] == ["4", "7"]
    progress = progress_of(checkpoint_of(whole_run))
    assert (progress.stage, progress.photos) == (2, 14)
    assert progress.seconds > 0


def test_running_a_finished_run_again_changes_nothing(two_stages: TrainConfig, cache: PhotoCache, whole_run: Path):
    before = checkpoint_of(whole_run)
    assert train(two_stages, cache, whole_run, ALONE)
    assert_same(checkpoint_of(whole_run)["network"], before["network"])


def test_the_adversarial_stage_teaches_both_sides(whole_run: Path):
    first, second = (read_checkpoint(whole_run / f"stage-{name}.pt", CPU) for name in ("only", "second"))
    learned = changed(first["discriminator"], second["discriminator"])
    assert {f"layers.{layer}.{part}" for layer in (0, 2, 4, 6) for part in ("weight_orig", "bias")} <= set(learned)
    idle = set(first["network"]) - set(changed(first["network"], second["network"]))
    assert idle <= {"palette", "temperature", "gain", "calibration"}


def test_a_stage_without_an_encoder_learning_rate_leaves_the_encoder_alone(
    config: TrainConfig, cache: PhotoCache, with_stage, tmp_path: Path
):
    frozen = with_stage({"classification": 1.0}, name="frozen", steps=2, encoder_learning_rate=0.0)
    run = dataclasses.replace(config, stages=(*frozen.stages, dataclasses.replace(config.stages[0], steps=2)))
    assert train(run, cache, tmp_path, ALONE)
    record = checkpoint_of(tmp_path)
    fresh = build_network(run, Palette(record["palette_colours"], record["palette_prior"])).state_dict()
    after_frozen, after_free = (
        read_checkpoint(tmp_path / f"stage-{name}.pt", CPU)["network"] for name in ("frozen", "only")
    )
    assert [name for name in changed(fresh, after_frozen) if name.startswith("encoder.")] == []
    assert {"head.weight", "deepest.0.weight"} <= set(changed(fresh, after_frozen))
    assert {name for name in fresh if name.startswith("encoder.")} <= set(changed(after_frozen, after_free))


def test_a_stage_leaves_its_frozen_parts_as_they_are(
    config: TrainConfig, cache: PhotoCache, with_stage, tmp_path: Path
):
    frozen = ("encoder", "deepest", "scene", "stage16", "stage8", "stage4")
    run = with_stage({"classification": 1.0}, steps=2, frozen=frozen)
    run = dataclasses.replace(run, stages=(dataclasses.replace(config.stages[0], name="first", steps=2), *run.stages))
    assert train(run, cache, tmp_path, ALONE)
    before, after = (read_checkpoint(tmp_path / f"stage-{name}.pt", CPU)["network"] for name in ("first", "only"))
    learned = changed(before, after)
    assert {"head.weight", "stage2.skip.0.weight", "stage2.skip.1.running_mean"} <= set(learned)
    assert [name for name in learned if name.startswith(frozen)] == []


@pytest.mark.parametrize("term", ["distillation", "feature_distillation"])
def test_distillation_brings_the_encoder_nearer_to_the_classifier(
    config: TrainConfig, cache: PhotoCache, backbone_file: Path, tmp_path: Path, term: str
):
    """From the classifier's own weights: the encoder learns to see in grey what that one sees in colour."""
    loss = LossConfig(classification=0.0, chroma=0.0, **{term: 1.0})
    stage = dataclasses.replace(
        config.stages[0], size=96, steps=12, encoder_learning_rate=3e-5, warmup=0, crop=(1.0, 1.0), loss=loss
    )
    run = dataclasses.replace(config, backbone=backbone_file, stages=(stage,))
    seen: list[float] = []
    assert train(run, cache, tmp_path, ALONE, on_step=lambda _, __, term: seen.append(term))
    assert np.mean(seen[-4:]) < (0.8 if term == "distillation" else 0.97) * np.mean(seen[:4])
    record = checkpoint_of(tmp_path)
    fresh = build_network(run, Palette(record["palette_colours"], record["palette_prior"])).state_dict()
    assert {name.split(".")[0] for name in changed(fresh, record["network"])} == {"encoder"}


def test_a_stages_temperature_is_what_its_networks_read_with(two_stages: TrainConfig, whole_run: Path):
    first, second = (read_checkpoint(whole_run / f"stage-{name}.pt", CPU) for name in ("only", "second"))
    assert float(first["network"]["temperature"]) == pytest.approx(two_stages.architecture.temperature)
    assert float(second["network"]["temperature"]) == pytest.approx(0.4)
    assert float(second["average"]["module.temperature"]) == pytest.approx(0.4)


def test_a_stages_colourfulness_is_what_its_losses_see(cache: PhotoCache, with_stage, tmp_path: Path):
    """At the first step a network knows nothing, so the bolder it is made, the farther off its colours are."""
    seen: list[float] = []
    for share in (0.1, 2.0):
        run = tmp_path / str(share)
        stage = with_stage({"chroma": 1.0}, name="bold", steps=1, colourfulness=share)
        assert train(stage, cache, run, ALONE)
        seen.append(float(read_log(run / "train.csv")[0]["chroma"]))
    assert seen[1] > 1.2 * seen[0]


def test_a_stages_fading_is_what_its_losses_see(cache: PhotoCache, with_stage, tmp_path: Path):
    """At the first step every distribution is wide: nothing is left of its chroma, nor of what a false one costs."""
    seen: list[float] = []
    for widest in (None, 5.0):
        run = tmp_path / str(widest)
        assert train(with_stage({"false_colour": 1.0}, steps=1, widest=widest), cache, run, ALONE)
        seen.append(float(read_log(run / "train.csv")[0]["false_colour"]))
    assert seen[1] < 0.1 * seen[0]


def test_a_stages_contrast_is_what_its_losses_see(cache: PhotoCache, with_stage, tmp_path: Path):
    seen: list[float] = []
    for contrast in (0.0, 2.0):
        run = tmp_path / str(contrast)
        assert train(with_stage({"chroma": 1.0}, steps=1, contrast=contrast), cache, run, ALONE)
        seen.append(float(read_log(run / "train.csv")[0]["chroma"]))
    assert abs(seen[1] - seen[0]) > 1e-4 * seen[0]


def test_a_stages_rates_fall_from_their_peak_to_the_final_one(cache: PhotoCache, with_stage, tmp_path: Path):
    for steps, rate in [(1, 1e-3), (20, 0.25e-3)]:
        run = tmp_path / str(steps)
        stage = with_stage({"chroma": 1.0}, steps=steps, warmup=1, learning_rate=1e-3, final_rate=0.25)
        assert train(stage, cache, run, ALONE)
        assert float(read_log(run / "train.csv")[-1]["rate"]) == pytest.approx(rate, rel=0.03)


def test_the_weights_of_several_stages_are_shipped_as_their_mean(two_stages: TrainConfig, whole_run: Path):
    first, second = (load_averaged(two_stages, whole_run / f"stage-{name}.pt")[0] for name in ("only", "second"))

    def shipped(*stages: str) -> dict[str, torch.Tensor]:
        export = dataclasses.replace(two_stages.export, stages=stages)
        return load_exported(dataclasses.replace(two_stages, export=export), whole_run).state_dict()

    torch.testing.assert_close(shipped(), dict(second.state_dict()))
    torch.testing.assert_close(shipped("only"), dict(first.state_dict()))
    mean = shipped("only", "second")
    assert any((second.state_dict()[name] != value).any() for name, value in first.state_dict().items())
    for name, value in first.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(mean[name], (value + second.state_dict()[name]) / 2)


def test_a_stage_begins_with_the_mean_of_earlier_ends(
    config: TrainConfig, cache: PhotoCache, with_stage, tmp_path: Path
):
    """At a learning rate of zero it ends with that, too."""
    still = {"learning_rate": 0.0, "encoder_learning_rate": 0.0, "frozen": get_args(Part)[:-1]}
    third = with_stage({"chroma": 1.0}, name="third", steps=2, **still).stages[0]
    third = dataclasses.replace(third, begins_with=("only", "second"))
    stages = [dataclasses.replace(config.stages[0], name=name, steps=2) for name in ("only", "second")]
    run = dataclasses.replace(config, stages=(*stages, third))
    assert train(run, cache, tmp_path, ALONE)
    first, second, mean = (
        load_averaged(run, tmp_path / f"stage-{name}.pt")[0].state_dict() for name in ("only", "second", "third")
    )
    assert changed(first, second)
    for name, value in first.items():
        if value.is_floating_point():
            torch.testing.assert_close(mean[name], (value + second[name]) / 2)
    assert_same(mean, checkpoint_of(tmp_path)["network"])


def test_a_run_of_another_network_is_refused(two_stages: TrainConfig, whole_run: Path):
    wider = dataclasses.replace(two_stages.architecture, widths=(16, 8, 8, 8))
    with pytest.raises(ValueError, match="another network than the config describes: give the config"):
        load_exported(dataclasses.replace(two_stages, architecture=wider), whole_run)


@pytest.mark.parametrize("kept", [0, 1000, -1])
def test_a_damaged_checkpoint_is_named(two_stages: TrainConfig, whole_run: Path, tmp_path: Path, kept: int):
    (tmp_path / "checkpoint.pt").write_bytes((whole_run / "checkpoint.pt").read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"checkpoint\.pt is cut off or no checkpoint: put a whole one in its place"):
        load_exported(two_stages, tmp_path)


def test_a_checkpoint_of_another_program_is_named(tmp_path: Path):
    torch.save({"model": torch.zeros(3)}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"checkpoint\.pt is no checkpoint of this photochrom-train; name another"):
        checkpoint_of(tmp_path)


def test_stages_can_be_added_behind_those_that_were_begun_alone(config: TrainConfig, cache: PhotoCache, tmp_path: Path):
    first, second, third = (dataclasses.replace(config.stages[0], name=name, steps=1) for name in ("a", "b", "c"))
    assert train(dataclasses.replace(config, stages=(first, second)), cache, tmp_path, ALONE)
    for stages in ((third, first, second), (first,), (first, third)):
        with pytest.raises(
            ValueError, match=r"the run has begun its stages a, b, and the config's are .*; stages can only"
        ):
            train(dataclasses.replace(config, stages=stages), cache, tmp_path, ALONE)
    assert train(dataclasses.replace(config, stages=(first, second, third)), cache, tmp_path, ALONE)
    assert (tmp_path / "stage-c.pt").is_file()


def test_a_stage_whose_end_could_not_be_written_has_it_after_the_next_start(
    config: TrainConfig, cache: PhotoCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    save = torch.save

    def fail(record: Checkpoint, file: Path) -> None:
        save(record, file)
        if file.name == "stage-a.part":
            raise RuntimeError("unexpected pos 64 vs 0")  # as torch tells a full disk

    stages = tuple(dataclasses.replace(config.stages[0], name=name, steps=1) for name in ("a", "b"))
    run = dataclasses.replace(config, stages=stages)
    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match=r"stage-a\.pt cannot be written"):
        train(run, cache, tmp_path, ALONE)
    monkeypatch.setattr(torch, "save", save)
    assert not list(tmp_path.glob("*.part"))
    assert train(run, cache, tmp_path, ALONE)
    assert {"stage-a.pt", "stage-b.pt"} <= {path.name for path in tmp_path.iterdir()}


def test_a_run_whose_loss_is_no_number_stops_and_keeps_its_checkpoint(
    config: TrainConfig, cache: PhotoCache, tmp_path: Path
):
    tame = dataclasses.replace(config.stages[0], name="tame", steps=2)
    wild = dataclasses.replace(tame, name="wild", steps=40, learning_rate=1e30, encoder_learning_rate=1e30)
    with pytest.raises(RuntimeError, match=r"step \d+: \w+ is (nan|inf), so the run cannot go on; lower"):
        train(dataclasses.replace(config, validate_every=1, stages=(tame, wild)), cache, tmp_path, ALONE)
    record = checkpoint_of(tmp_path)
    assert progress_of(record).stage in (0, 1)
    assert all(torch.isfinite(weight).all() for weight in record["average"].values())


def test_a_batch_that_cannot_be_shared_is_refused_before_any_stage(
    config: TrainConfig, cache: PhotoCache, tmp_path: Path
):
    stages = (config.stages[0], dataclasses.replace(config.stages[0], name="odd", batch=3))
    with pytest.raises(ValueError, match="stage 'odd': batch 3 cannot be shared by 2 processes evenly"):
        train(dataclasses.replace(config, stages=stages), cache, tmp_path / "run", World(0, 2, CPU))
    assert not (tmp_path / "run").exists()


def test_tensorboard_has_the_figures_of_both_logs(whole_run: Path):
    for name, tag in (("train", "train/classification"), ("validation", "validation/psnr_gain")):
        events = EventAccumulator(str(whole_run / "tensorboard" / name))
        events.Reload()
        assert [event.step for event in events.Scalars(tag)] == [4, 7]


def test_a_stage_that_a_run_has_not_finished_is_named(two_stages: TrainConfig, tmp_path: Path):
    config = dataclasses.replace(two_stages, export=dataclasses.replace(two_stages.export, stages=("second",)))
    with pytest.raises(FileNotFoundError, match=r"stage-second\.pt is not there: name the folder of a run"):
        load_exported(config, tmp_path)


def test_a_stage_without_the_adversarial_term_leaves_the_discriminator_alone(
    config: TrainConfig, cache: PhotoCache, tmp_path: Path
):
    run = dataclasses.replace(config, stages=(dataclasses.replace(config.stages[0], steps=2),))
    assert not train(run, cache, tmp_path, ALONE, on_step=stop_at(1))
    before = checkpoint_of(tmp_path)["discriminator"]
    assert train(run, cache, tmp_path, ALONE)
    assert_same(checkpoint_of(tmp_path)["discriminator"], before)


def test_the_averaged_weights_are_the_exponential_mean(config: TrainConfig, cache: PhotoCache, tmp_path: Path):
    run = dataclasses.replace(config, stages=(dataclasses.replace(config.stages[0], steps=2, ema_decay=0.75),))
    assert not train(run, cache, tmp_path, ALONE, on_step=stop_at(1))
    first = checkpoint_of(tmp_path)["network"]
    assert train(run, cache, tmp_path, ALONE)
    second, average = checkpoint_of(tmp_path)["network"], load_averaged(run, tmp_path / "checkpoint.pt")[0].state_dict()
    floats = [name for name in first if first[name].is_floating_point() and name in average]
    assert len(floats) > 100
    for name in floats:
        torch.testing.assert_close(average[name], 0.75 * first[name] + 0.25 * second[name], atol=1e-6, rtol=1e-5)


def test_a_network_from_nothing_learns_colours_that_follow_lightness(with_stage, tmp_path: Path):
    (tmp_path / "photos").mkdir()
    for seed in range(16):
        noise = np.random.default_rng(seed).integers(0, 256, (5, 5), np.uint8)
        grey = cv2.resize(noise, (64, 64), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        blue_to_orange = np.dstack([200 - 0.6 * grey, 40 + 0.6 * grey, grey])
        cv2.imwrite(str(tmp_path / "photos" / f"{seed}.png"), blue_to_orange.astype(np.uint8))
    longer = with_stage({"classification": 1.0, "chroma": 0.05}, steps=60, batch=4, learning_rate=5e-3)
    cache = prepare_cache(DataConfig(train=(str(tmp_path / "photos"),)), tmp_path / "cache", lambda _: None)
    seen: list[float] = []
    assert train(longer, cache, tmp_path / "run", ALONE, on_step=lambda _, __, loss: seen.append(loss))
    assert np.mean(seen[-8:]) < 0.9 * np.mean(seen[:8])
    (validated,) = read_log(tmp_path / "run" / "validation.csv")
    assert float(validated["psnr_gain"]) > 6
    assert float(validated["error_ratio"]) < 0.4


def test_a_resumed_run_keeps_its_palette_though_the_photographs_changed(
    config: TrainConfig, cache: PhotoCache, tmp_path: Path
):
    assert not train(config, cache, tmp_path, ALONE, on_step=stop_at(1))
    palette = checkpoint_of(tmp_path)["palette_colours"]
    rarer = dataclasses.replace(config, palette=dataclasses.replace(config.palette, min_share=0.01))
    assert not train(rarer, cache, tmp_path, ALONE, on_step=stop_at(2))
    np.testing.assert_array_equal(checkpoint_of(tmp_path)["palette_colours"], palette)


def test_workers_give_the_same_samples_as_none(config: TrainConfig, cache: PhotoCache, tmp_path: Path):
    short = dataclasses.replace(config, stages=(dataclasses.replace(config.stages[0], steps=2),))
    weights = []
    for workers in (0, 2):
        run = tmp_path / str(workers)
        assert train(dataclasses.replace(short, workers=workers), cache, run, ALONE)
        weights.append(checkpoint_of(run)["network"])
    assert_same(*weights)

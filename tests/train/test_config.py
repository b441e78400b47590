import dataclasses
import json
from pathlib import Path
from typing import get_args

import pytest

from photochrom_train.colorize_network import Part
from photochrom_train.config import ConfigError, LossConfig, StageConfig, TrainConfig, load_config

ENCODER_LOSS = "loss = { classification = 0, chroma = 0, distillation = 1 }"
SHORTEST = """
name = "tiny"
network = "colorize"

[data]
train = ["photos"]

[[stages]]
name = "only"
size = 64
batch = 2
steps = 3

[export]
licence = "Apache-2.0"
data = "none"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "run.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_short_file_is_filled_with_defaults(tmp_path: Path):
    config = load_config(write(tmp_path, SHORTEST))
    assert config.data.train == ("photos",)
    assert config.stages == (StageConfig(name="only", size=64, batch=2, steps=3),)
    assert config.backbone is None
    assert config.stages[0].loss == LossConfig()


def test_every_shipped_config_can_be_read():
    files = sorted((Path(__file__).parents[2] / "trainer" / "configs").glob("*.toml"))
    assert files
    for file in files:
        assert load_config(file).name == file.stem


def test_values_arrive_in_the_types_of_their_fields(tmp_path: Path):
    text = SHORTEST.replace('name = "tiny"', 'name = "tiny"\nbackbone = "b.safetensors"\nweight_decay = 1')
    text = text.replace("steps = 3", "steps = 3\ncrop = [0.5, 1]\nloss = { perceptual = 2 }")
    config = load_config(write(tmp_path, text))
    assert config.backbone == Path("b.safetensors")
    assert isinstance(config.weight_decay, float)
    assert config.stages[0].crop == (0.5, 1.0)
    assert config.stages[0].loss.perceptual == 2.0
    assert config.stages[0].loss.needs_whole_picture


@pytest.mark.parametrize("term", ["distillation", "feature_distillation"])
def test_distillation_asks_the_classifier_but_looks_at_no_recoloured_picture(term: str):
    loss = LossConfig(**{term: 1.0})
    assert loss.needs_classifier
    assert not loss.needs_whole_picture
    assert not loss.of_encoder_alone
    assert dataclasses.replace(loss, classification=0.0, chroma=0.0).of_encoder_alone


@pytest.mark.parametrize("term", ["coherence", "false_colour", "false_red"])
def test_terms_that_look_at_all_of_the_chroma_look_at_no_picture(term: str):
    loss = LossConfig(**{term: 1.0})
    assert loss.needs_whole_chroma
    assert not loss.needs_whole_picture


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "tiny"', 'name = "tiny"\nsped = 1', "unknown key sped; known are .*seed"),
        ('train = ["photos"]', 'train = ["photos"]\nshortside = 1', "unknown key data.shortside"),
        ("steps = 3", "steps = 3\nloss = { gan = 1.0 }", r"unknown key stages\[0\].loss.gan"),
        ('name = "tiny"\n', "", "name is missing"),
        ("size = 64\n", "", r"stages\[0\].size is missing"),
        ('train = ["photos"]', 'train = "photos"', "data.train is 'photos'; a list is needed"),
        ('train = ["photos"]', "train = [7]", r"data.train\[0\] is 7; a text in quotes is needed"),
        ("size = 64", "size = 64.5", r"stages\[0\].size is 64.5; a whole number is needed"),
        ("size = 64", "size = true", r"stages\[0\].size is True; a whole number is needed"),
        ("steps = 3", "steps = 3\ncrop = [0.5]", r"crop has 1 entries; 2 are needed"),
        (
            'name = "tiny"',
            'name = "tiny"\nprecision = "half"',
            "precision is 'half'; allowed are 'float32', 'bfloat16'",
        ),
        ("[[stages]]", "[stages]", "stages is .*; a list is needed"),
        ("[export]", "[[export]]", "export is .*; a table is needed"),
        ("size = 64", "size = 48", "size is 48; give a multiple of 32"),
        ("steps = 3", "steps = 0", "steps is 0; give at least 1"),
        ("steps = 3", "steps = 3\ncrop = [0.9, 0.5]", "rising shares"),
        ("steps = 3", "steps = 3\nlearning_rate = nan", "learning_rate is nan"),
        ("steps = 3", "steps = 3\nlearning_rate = inf", "learning_rate is inf; give a finite number, at least 0"),
        ("steps = 3", "steps = 3\nloss = { chroma = -1 }", "loss.chroma is -1.0; give at least 0"),
        ("steps = 3", "steps = 3\nloss = { classification = 0, chroma = 0 }", "all loss weights are 0"),
        ("steps = 3", "steps = 3\nloss = { perceptual = 1 }", "name a `backbone`"),
        ('name = "only"', 'name = "a/b"', "a stage's name is 'a/b'; files are named after it"),
        ('name = "only"', f'name = "{"a" * 65}"', "a stage's name is 'a*'; .* 1 to 64 letters"),
        ('name = "tiny"', 'name = ".."', r"name is '\.\.'; files are named after it"),
        ('name = "tiny"', 'name = ""', "name is ''; files are named after it"),
        ('name = "tiny"', 'name = "tiny"\nseed = 4294967296', "seed is 4294967296; give one in"),
        ("[export]", '[export]\nversion = " "', "export.version is empty"),
        ("[export]", '[export]\nversion = "1\\n2"', "export.version is '1.*2'; give a text of one line"),
        (
            "steps = 3",
            f"steps = 3\nencoder_learning_rate = 0\nfrozen = {json.dumps(get_args(Part)[1:])}",
            "all parts of the network are frozen; leave out one of them",
        ),
        ('train = ["photos"]', "train = []", "data.train is empty"),
        ('train = ["photos"]', 'train = ["photos"]\nholdout = 0', "data.holdout is 0; give at least 1"),
        ('train = ["photos"]', 'train = ["photos"]\nshort_side = 8', "data.short_side is 8"),
        ("[export]", "[augment]\njpeg = 1.5\n[export]", r"augment.jpeg is 1.5; give one in \[0, 1\]"),
        ("[export]", "[palette]\nbin_width = 0\n[export]", "palette.bin_width is 0"),
        ("[export]", "[architecture]\nwidths = [8, 8, 8, 0]\n[export]", "widths"),
        ("[export]", "[architecture]\ntemperature = 0\n[export]", "temperature"),
        ("[export]", "[export]\nsize = 100", "export.size is 100"),
        ("[export]", "[export]\nwidest = 0", "export.widest is 0"),
        ("[export]", "[export]\ncontrast = 3", r"export.contrast is 3.0; give one in \[0, 2\]"),
        ('name = "tiny"', 'name = "tiny"\nvalidate_every = 0', "validate_every is 0"),
        ("steps = 3", "steps = 3\nema_decay = 1.5", "ema_decay is 1.5"),
        ("steps = 3", "steps = 3\ntemperature = 0", "temperature is 0"),
        ("steps = 3", "steps = 3\nwidest = 0", r"stage '\w+': widest is 0"),
        ("steps = 3", "steps = 3\ncontrast = -1", r"stage '\w+': contrast is -1.0; give one in \[0, 2\]"),
        ("steps = 3", "steps = 3\nfinal_rate = 2", r"final_rate is 2.0; give one in \[0, 1\]"),
        ("steps = 3", "steps = 3\ncolourfulness = 0", "colourfulness is 0"),
        ("steps = 3", "steps = 3\nmixup = 1.5", r"mixup is 1.5; give one in \[0, 1\]"),
        (
            "steps = 3",
            f"steps = 3\nfrozen = ['encoder']\n{ENCODER_LOSS}",
            "teach the encoder alone, and that is to stay",
        ),
        ("steps = 3", f"steps = 3\nencoder_learning_rate = 0\n{ENCODER_LOSS}", "give it an encoder_learning_rate"),
        (
            "steps = 3",
            'steps = 3\nfrozen = ["haed"]',
            r"stages\[0\].frozen\[0\] is 'haed'; allowed are 'encoder', .*'head'",
        ),
        ('name = "tiny"', 'name = "tiny"\nworkers = -1', "workers is -1"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(tmp_path: Path, old: str, new: str, message: str):
    assert SHORTEST.count(old) >= 1
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(write(tmp_path, SHORTEST.replace(old, new, 1)))
    assert "run.toml" in str(caught.value)


def test_a_run_without_stages_is_refused(config: TrainConfig):
    with pytest.raises(ConfigError, match="at least one"):
        dataclasses.replace(config, stages=())


def test_stages_need_names_of_their_own(config: TrainConfig):
    with pytest.raises(ConfigError, match="name of its own"):
        dataclasses.replace(config, stages=config.stages * 2)


@pytest.mark.parametrize("stages", [("other",), ("only", "other")])
def test_only_stages_that_there_are_can_be_shipped(config: TrainConfig, stages: tuple[str, ...]):
    export = dataclasses.replace(config.export, stages=stages)
    with pytest.raises(ConfigError, match=f"export.stages is {', '.join(stages)}; give some of only$"):
        dataclasses.replace(config, export=export)


@pytest.mark.parametrize("begins_with", [("second",), ("third",), ("start",), ("only", "second")])
def test_a_stage_begins_with_ends_of_earlier_ones_alone(config: TrainConfig, begins_with: tuple[str, ...]):
    stages = [dataclasses.replace(config.stages[0], name=name) for name in ("only", "second", "third")]
    stages[1] = dataclasses.replace(stages[1], begins_with=begins_with)
    message = f"stage 'second': begins_with is {', '.join(begins_with)}; give some of only$"
    with pytest.raises(ConfigError, match=message):
        dataclasses.replace(config, stages=tuple(stages))


def test_the_first_stage_of_a_run_from_nothing_has_nothing_to_begin_with(config: TrainConfig):
    stage = dataclasses.replace(config.stages[0], begins_with=("start",))
    with pytest.raises(ConfigError, match="begins_with is start; leave it out: there are no weights yet"):
        dataclasses.replace(config, stages=(stage,))


def test_a_stage_may_begin_with_what_the_run_began_with(config: TrainConfig):
    second = dataclasses.replace(config.stages[0], name="second", begins_with=("start", "only"))
    run = dataclasses.replace(config, start=Path("shipped.onnx"), stages=(*config.stages, second))
    assert run.stages[1].begins_with == ("start", "only")


def test_what_a_run_begins_with_can_be_shipped_where_there_is_such_a_thing(config: TrainConfig):
    export = dataclasses.replace(config.export, stages=("start", "only"))
    with pytest.raises(ConfigError, match=r"export\.stages is start, only; give some of only$"):
        dataclasses.replace(config, export=export)
    assert dataclasses.replace(config, start=Path("shipped.onnx"), export=export).export.stages == ("start", "only")


def test_a_stage_may_begin_with_the_backbone_of_a_run_that_has_both_it_and_a_start(config: TrainConfig):
    stages = (dataclasses.replace(config.stages[0], begins_with=("backbone",)),)
    shipped, backbone = Path("shipped.onnx"), Path("b.safetensors")
    run = dataclasses.replace(config, start=shipped, backbone=backbone, stages=stages)
    assert run.stages[0].begins_with == ("backbone",)
    with pytest.raises(ConfigError, match=r"begins_with is backbone; give some of start$"):
        dataclasses.replace(config, start=shipped, stages=stages)
    with pytest.raises(ConfigError, match="begins_with is backbone; leave it out: there are no weights yet"):
        dataclasses.replace(config, backbone=backbone, stages=stages)


@pytest.mark.parametrize("name", ["start", "backbone"])
def test_no_stage_is_named_as_what_a_run_begins_with(config: TrainConfig, name: str):
    with pytest.raises(ConfigError, match=f"a stage is named {name}, as what a run begins with is; name it otherwise"):
        dataclasses.replace(config, stages=(dataclasses.replace(config.stages[0], name=name),))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"absent\.toml is no file"):
        load_config(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="is no file"):
        load_config(tmp_path)


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe\x00"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes):
    file = tmp_path / "run.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="not TOML"):
        load_config(file)

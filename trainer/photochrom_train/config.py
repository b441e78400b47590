"""The configuration of a training run: frozen dataclasses read from one TOML file.

Every number that decides what a run computes stands here; there is no other switch. Unknown keys are errors.
"""

import math
import re
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, get_args

from photochrom_train.colorize_network import ColorizeNetworkConfig, Part
from photochrom_train.toml_table import from_table

Precision = Literal["float32", "bfloat16"]
START = "start"
"""What `ExportConfig.stages` calls the network that a run began with."""
BACKBONE = "backbone"
"""What it calls that network with the encoder of `TrainConfig.backbone` in place of its own."""
_OF_ENCODER = ("distillation", "feature_distillation")
"""Loss terms that look at the encoder's features and at no colours."""
_WIDEST = 5, 100
_CONTRAST = 0, 2
_LARGEST_SEED = 2**32 - 1
_FILE_NAME = re.compile(r"\w[\w.+ -]{0,63}")


class ConfigError(ValueError):
    """A configuration file says something that cannot be meant."""


def _check(name: str, value: float, low: float, high: float = math.inf) -> None:
    """Refuse a number outside [low, high], infinity and NaN."""
    if not (low <= value <= high and math.isfinite(value)):
        least = f"at least {low:g}" if math.isfinite(value) else f"a finite number, at least {low:g}"
        allowed = least if high == math.inf else f"one in [{low:g}, {high:g}]"
        raise ConfigError(f"{name} is {value}; give {allowed}")


def _check_file_name(what: str, name: str) -> None:
    """Refuse what cannot be part of a file's name on every system."""
    if not _FILE_NAME.fullmatch(name):
        raise ConfigError(
            f"{what} is {name!r}; files are named after it, so give 1 to 64 letters, digits, spaces and . _ + -, "
            "a letter or digit first"
        )


def _check_stages(name: str, given: tuple[str, ...], known: list[str]) -> None:
    if not set(given) <= set(known):
        allowed = f"give some of {', '.join(known)}" if known else "leave it out: there are no weights yet"
        raise ConfigError(f"{name} is {', '.join(given)}; {allowed}")


def _check_side(name: str, side: int) -> None:
    if side < 32 or side % 32:
        raise ConfigError(f"{name} is {side}; give a multiple of 32, such as 128")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Which photographs a run sees."""

    train: tuple[str, ...]
    """Image folders and WebDataset shards; braces such as ``train-{0000..0003}.tar`` stand for several."""
    short_side: int = 256
    """Photographs are kept at this short side in the cache, never enlarged [pixels]."""
    holdout: int = 256
    """Photographs set aside from training for validation during the run and for calibration."""
    max_bad_fraction: float = 0.02
    """More unreadable photographs than this share stop the preparation."""

    def __post_init__(self) -> None:
        if not self.train:
            raise ConfigError("data.train is empty; name at least one folder or .tar shard")
        _check("data.short_side", self.short_side, 64)
        _check("data.holdout", self.holdout, 1)
        _check("data.max_bad_fraction", self.max_bad_fraction, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentConfig:
    """How photographs are varied, so that old ones come into range. Probabilities are in [0, 1]."""

    aspect: float = 0.25
    """Largest natural logarithm of the change of aspect."""
    fitted: float = 0.0
    """Probability of keeping that aspect, the square filled up with the reflection, as the core shows photographs; else
    it is squeezed into the square."""
    grey_mix: float = 0.4
    """Probability of a random mix of R, G and B instead of L* (orthochromatic film saw no red)."""
    gamma: float = 0.3
    """Probability of a tone curve with an exponent in [0.7, 1.4]."""
    blur: float = 0.15
    """Probability of a Gaussian blur with a standard deviation up to 1.2 pixels."""
    grain: float = 0.25
    """Probability of film grain with a standard deviation up to 8/255."""
    jpeg: float = 0.2
    """Probability of JPEG at a quality in [30, 95]."""

    def __post_init__(self) -> None:
        for name in ("aspect", "fitted", "grey_mix", "gamma", "blur", "grain", "jpeg"):
            _check(f"augment.{name}", getattr(self, name), 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteConfig:
    """The colours a network can choose and how rare ones are weighted."""

    bin_width: float = 10.0
    """Distance of neighbouring colours on the a*b* grid."""
    min_share: float = 1e-5
    """Colours rarer than this share of the training pixels are left out."""
    rebalance: float = 0.9
    """Weight of the uniform distribution mixed into the prior that the loss divides by; 1 weights all alike."""
    soft_sigma: float = 5.0
    """Standard deviation of the Gaussian that spreads a colour over its five nearest palette entries."""

    def __post_init__(self) -> None:
        _check("palette.bin_width", self.bin_width, 1, 40)
        _check("palette.min_share", self.min_share, 0, 0.1)
        _check("palette.rebalance", self.rebalance, 0, 1)
        _check("palette.soft_sigma", self.soft_sigma, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossConfig:
    """Weights of the loss terms; a term of weight 0 is not computed."""

    classification: float = 1.0
    """Rebalanced cross-entropy against the soft-encoded palette."""
    chroma: float = 0.05
    """Smooth L1 between predicted and true a*b*."""
    perceptual: float = 0.0
    """L1 between normalised ImageNet features of recoloured and true photograph; needs `backbone`."""
    recognition: float = 0.0
    """KL divergence between ImageNet class probabilities of recoloured and true photograph; needs `backbone`."""
    distillation: float = 0.0
    """KL divergence between the ImageNet class probabilities that the encoder's own features of the grey photograph
    give and those of the true one: keeps what a pretrained encoder knows; needs `backbone`."""
    feature_distillation: float = 0.0
    """L1 between the encoder's features of the grey photograph and the classifier's of the true one, at every size from
    1/4 to the top: teaches a pretrained encoder to see grey as it sees colour; needs `backbone`."""
    coherence: float = 0.0
    """How much more places of one colour differ in colour than they truly do: what patches on plain cloth cost."""
    false_colour: float = 0.0
    """Square of the chroma where there truly is none: what a red spot on grey costs."""
    false_red: float = 0.0
    """Square of the a* that is more than a tint beyond the true one: what red costs on grey, brown and blue."""
    colourfulness: float = 0.0
    """Distance of the Hasler-Suesstrunk colourfulness from the true photograph's."""
    adversarial: float = 0.0
    """Patch GAN, least squares."""

    def __post_init__(self) -> None:
        weights = asdict(self)
        for name, weight in weights.items():
            _check(f"loss.{name}", weight, 0)
        if not any(weights.values()):
            raise ConfigError(f"all loss weights are 0; give one of {', '.join(weights)}")

    @property
    def needs_whole_picture(self) -> bool:
        """Whether a term looks at the recoloured photograph as a picture, not at single pixels."""
        return max(self.perceptual, self.recognition, self.colourfulness, self.adversarial) > 0

    @property
    def needs_whole_chroma(self) -> bool:
        """Whether a term looks at all of the predicted chroma, not at a sample of its pixels."""
        return max(self.coherence, self.false_colour, self.false_red) > 0 or self.needs_whole_picture

    @property
    def needs_classifier(self) -> bool:
        """Whether a term asks the frozen ImageNet classifier."""
        return max(self.perceptual, self.recognition, self.distillation, self.feature_distillation) > 0

    @property
    def of_encoder_alone(self) -> bool:
        """Whether no term looks at colours, so that the decoder need not run."""
        return all(not weight or name in _OF_ENCODER for name, weight in asdict(self).items())


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """One leg of a run: a picture size, a batch, a length, learning rates, losses."""

    name: str
    """A name for logs and checkpoints."""
    size: int
    """Side of the square network input [pixels]; a multiple of 32."""
    batch: int
    """Photographs per optimizer step, over all processes."""
    steps: int
    """Optimizer steps; the learning rates fall along a cosine over them."""
    begins_with: tuple[str, ...] = ()
    """Earlier stages, with the mean of whose ends' weights it begins (a model soup), "start" for what the run began
    with, "backbone" for that with the backbone's own encoder; named twice, it counts twice. None: with the weights
    that the stage before it ended with."""
    crop: tuple[float, float] = (0.3, 1.0)
    """Range of the crop's share of the photograph's area."""
    learning_rate: float = 1e-3
    """Peak for everything but the encoder."""
    encoder_learning_rate: float = 1e-4
    """Peak for the encoder; at 0 it stays as it is."""
    frozen: tuple[Part, ...] = ()
    """Parts of the network, such as "encoder" and "stage16", that stay as they are."""
    warmup: int = 200
    """Steps over which the learning rates rise from zero."""
    final_rate: float = 0.01
    """Share of their peaks that the learning rates end at."""
    ema_decay: float = 0.999
    """Decay of the exponential moving average of the weights, which is what is exported; shorter for a short stage."""
    dropout: float = 0.0
    """Share of the channels that each of the decoder's stages has to do without, at random: against learning the
    training photographs by heart."""
    mixup: float = 0.0
    """Probability that a photograph is a cross-fade of two: many more things to see, for an encoder that learns by
    distillation."""
    temperature: float | None = None
    """Softmax temperature of the annealed mean, which the losses see, from here on; none: as it was."""
    widest: float | None = None
    """As `ExportConfig.widest`, for the losses to see what the file will give; none: they see nothing faded."""
    contrast: float = 0.0
    """As `ExportConfig.contrast`, for the losses to see what the file will give."""
    colourfulness: float | None = None
    """The share of the true photographs' colourfulness that a batch's chroma is brought to before the losses see it, as
    sRGB's and CIELAB's opponents count it together; none: they see it as it is. So paleness is no way out of what false
    colours cost."""
    loss: LossConfig = field(default_factory=LossConfig)
    """Weights of the loss terms."""

    def __post_init__(self) -> None:
        _check_file_name("a stage's name", self.name)
        _check_side(f"stage {self.name!r}: size", self.size)
        for name in ("batch", "steps"):
            _check(f"stage {self.name!r}: {name}", getattr(self, name), 1)
        for name in ("learning_rate", "encoder_learning_rate", "warmup"):
            _check(f"stage {self.name!r}: {name}", getattr(self, name), 0)
        _check(f"stage {self.name!r}: ema_decay", self.ema_decay, 0, 1)
        _check(f"stage {self.name!r}: final_rate", self.final_rate, 0, 1)
        _check(f"stage {self.name!r}: dropout", self.dropout, 0, 0.9)
        _check(f"stage {self.name!r}: mixup", self.mixup, 0, 1)
        if self.temperature is not None:
            _check(f"stage {self.name!r}: temperature", self.temperature, 0.1, 1)
        if self.widest is not None:
            _check(f"stage {self.name!r}: widest", self.widest, *_WIDEST)
        _check(f"stage {self.name!r}: contrast", self.contrast, *_CONTRAST)
        if self.colourfulness is not None:
            _check(f"stage {self.name!r}: colourfulness", self.colourfulness, 0.1, 2)
        if self.loss.of_encoder_alone and (self.encoder_learning_rate == 0 or "encoder" in self.frozen):
            raise ConfigError(
                f"stage {self.name!r}: its losses teach the encoder alone, and that is to stay as it is; give it an "
                "encoder_learning_rate and leave it out of frozen, or give a loss that looks at colours"
            )
        still = {*self.frozen, "encoder"} if self.encoder_learning_rate == 0 else set(self.frozen)
        if not set(get_args(Part)) - still:
            raise ConfigError(f"stage {self.name!r}: all parts of the network are frozen; leave out one of them")
        if not 0 < self.crop[0] <= self.crop[1] <= 1:
            raise ConfigError(f"stage {self.name!r}: crop is {self.crop}; give two rising shares in (0, 1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportConfig:
    """The shipped file."""

    size: int = 256
    """Side of the square network input [pixels]."""
    stages: tuple[str, ...] = ()
    """Stages at whose ends the weights are taken and averaged (a model soup), "start" and "backbone" as in
    `StageConfig.begins_with`; none: the run's last weights."""
    colourfulness: float = 0.95
    """Wanted mean colourfulness of results over the truth's, on the held-out photographs [ratio]."""
    widest: float | None = None
    """Standard deviation of a distribution at which chroma is halved, for so wide a one says next to nothing of the
    colour; narrower ones keep theirs, wider ones fade to grey [Lab units]. None: none fades."""
    contrast: float = 0.0
    """Chroma is multiplied by this power of its share of the mean around it: what is stronger than its surroundings
    gets stronger, what is weaker weaker, in its hue. 0: it stays as it is."""
    version: str = "1.0"
    """Version in the contract."""
    licence: str
    """Licence of the weights, for the contract."""
    data: str
    """One sentence on the training data and its terms, for the contract."""

    def __post_init__(self) -> None:
        for name in ("version", "licence", "data"):
            if not getattr(self, name).strip():
                raise ConfigError(f"export.{name} is empty; the contract needs a text")
        if not self.version.isprintable():
            raise ConfigError(f"export.version is {self.version!r}; give a text of one line")
        _check_side("export.size", self.size)
        _check("export.colourfulness", self.colourfulness, 0.1, 2)
        if self.widest is not None:
            _check("export.widest", self.widest, *_WIDEST)
        _check("export.contrast", self.contrast, *_CONTRAST)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything that decides what a run computes."""

    name: str
    """Name of the network's files."""
    network: str
    """Which network; a key of `photochrom_train.networks.NETWORKS`."""
    seed: int = 1
    """Seeds weights, order, crops and augmentation."""
    backbone: Path | None = None
    """Pretrained MobileNetV2 (safetensors); without it the encoder starts from random weights."""
    start: Path | None = None
    """An exported network (.onnx) with whose weights and palette the run begins; without it, from nothing."""
    precision: Precision = "float32"
    """Arithmetic of the convolutions in training (autocast)."""
    weight_decay: float = 0.01
    """AdamW's decoupled weight decay."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient."""
    workers: int = 1
    """Data-loading processes per training process."""
    validate_every: int = 1000
    """Steps between validations, checkpoints and sample sheets."""
    data: DataConfig
    """Which photographs."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """How they are varied."""
    palette: PaletteConfig = field(default_factory=PaletteConfig)
    """The colours to choose from."""
    architecture: ColorizeNetworkConfig = field(default_factory=ColorizeNetworkConfig)
    """Widths and the like."""
    stages: tuple[StageConfig, ...]
    """The legs of the run, in order."""
    export: ExportConfig
    """The shipped file."""

    def __post_init__(self) -> None:
        _check_file_name("name", self.name)
        if not self.stages:
            raise ConfigError("no [[stages]]; a run needs at least one")
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ConfigError(f"stages are named {', '.join(names)}; each needs a name of its own")
        for taken in {START, BACKBONE} & set(names):
            raise ConfigError(f"a stage is named {taken}, as what a run begins with is; name it otherwise")
        known = [START] if self.start else []
        if self.start and self.backbone:
            known.append(BACKBONE)
        for stage in self.stages:
            _check_stages(f"stage {stage.name!r}: begins_with", stage.begins_with, known)
            known.append(stage.name)
        _check_stages("export.stages", self.export.stages, known)
        _check("seed", self.seed, 0, _LARGEST_SEED)
        _check("weight_decay", self.weight_decay, 0)
        _check("gradient_clip", self.gradient_clip, 1e-6)
        _check("workers", self.workers, 0)
        _check("validate_every", self.validate_every, 1)
        needs_backbone = any(stage.loss.needs_classifier for stage in self.stages)
        if needs_backbone and self.backbone is None:
            raise ConfigError(
                "a stage has loss.perceptual, loss.recognition, loss.distillation or loss.feature_distillation > 0, "
                "which ask an ImageNet network; name a `backbone`"
            )


def load_config(file: Path) -> TrainConfig:
    """The configuration in a TOML file.

    Raises:
        ConfigError: not TOML, an unknown or missing key, or a value of the wrong type or out of range.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"{file} is no file; name a TOML file such as trainer/configs/colorize.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error
    try:
        return from_table(TrainConfig, table)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error

"""Which package may import which: the core knows neither the trainer nor the plug-in, and never needs torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STANDARD_LIBRARY = frozenset(sys.stdlib_module_names)

GIMP = ROOT / "plugin_gimp" / "photochrom_gimp"

ALLOWED = {
    ROOT / "cv_module" / "photochrom": {
        "cv2",
        "imagecodecs",
        "numpy",
        "onnxruntime",
        "photochrom",
        "photochrom_models",
        "ray",
        "shtab",
        "tqdm",
    },
    ROOT / "models" / "photochrom_models": set[str](),
    GIMP: {"photochrom", "photochrom_gimp"},
    GIMP / "in_gimp": {"gi"},
    GIMP / "plug_ins": {"gi", "photochrom_filter"},
}
"""The closed sets: what each package may import besides the standard library; what lies in a folder that stands here
itself counts there alone. GIMP's own Python has gi and nothing of photochrom's."""

FORBIDDEN = {
    ROOT / "trainer" / "photochrom_train": {"photochrom_gimp"},
}
"""The open ones: what each package must not import."""


def imported_packages(source: str) -> set[str]:
    """Top-level names of everything that a module imports, at its top or inside its functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0] if node.level == 0 else ".")
        elif isinstance(node, ast.Call) and _is_import_call(node.func):
            names.update(
                argument.value.partition(".")[0]
                for argument in node.args[:1]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )
    return names


def _is_import_call(function: ast.expr) -> bool:
    return (isinstance(function, ast.Name) and function.id in {"__import__", "import_module"}) or (
        isinstance(function, ast.Attribute) and function.attr == "import_module"
    )


def modules(package: Path) -> list[Path]:
    within = [other for other in ALLOWED if package in other.parents]
    return sorted(path for path in package.rglob("*.py") if not any(other in path.parents for other in within))


def test_imports_are_found_wherever_they_stand():
    source = "import cv2.dnn\ndef f():\n    from torch.nn import Module\n    importlib.import_module('onnx.checker')\n"
    assert imported_packages(source) == {"cv2", "torch", "onnx"}


@pytest.mark.parametrize("package", [*ALLOWED, *FORBIDDEN], ids=lambda package: package.name)
def test_every_package_has_modules_to_look_at(package: Path):
    assert modules(package)


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        pytest.param(module, allowed, id=str(module.relative_to(ROOT)))
        for package, allowed in ALLOWED.items()
        for module in modules(package)
    ],
)
def test_a_module_imports_only_what_its_package_may(module: Path, allowed: set[str]):
    assert imported_packages(module.read_text(encoding="utf-8")) <= STANDARD_LIBRARY | allowed


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        pytest.param(module, forbidden, id=str(module.relative_to(ROOT)))
        for package, forbidden in FORBIDDEN.items()
        for module in modules(package)
    ],
)
def test_a_module_leaves_alone_what_is_not_for_its_package(module: Path, forbidden: set[str]):
    assert not imported_packages(module.read_text(encoding="utf-8")) & forbidden


@pytest.mark.parametrize("module", ["photochrom", "photochrom.command.cli", "photochrom.cluster.convert_on_ray"])
def test_importing_the_core_loads_no_trainer_no_torch_and_no_optional_engine(module: str):
    heavy = {"torch", "onnx", "onnxruntime", "ray", "photochrom_train", "photochrom_gimp", "matplotlib", "skimage"}
    program = f"import sys, {module}; print(*sorted({heavy!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_importing_the_core_prints_nothing_and_leaves_logging_and_the_environment_alone():
    program = (
        "import logging, os, cv2\n"  # OpenCV itself sets variables, for Qt
        "before = dict(os.environ), logging.getLogger().level, list(logging.getLogger().handlers)\n"
        "import photochrom\n"
        "assert before == (dict(os.environ), logging.getLogger().level, list(logging.getLogger().handlers))\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("", "")


LAYERS = (
    ("errors", "threads"),
    ("colour",),
    ("painting", "networks"),
    ("files", "colorizer"),
    ("conversion",),
    ("report", "cluster", "bench", "worker"),
    ("command",),
    ("__main__", "__init__"),
)
"""The core from below: each package and module may import those of lower layers (see docs/architecture.md)."""


def test_the_cores_packages_import_only_what_lies_below_them():
    core = ROOT / "cv_module" / "photochrom"
    height = {name: number for number, names in enumerate(LAYERS) for name in names}
    for path in core.rglob("*.py"):
        own = path.relative_to(core).parts[0].removesuffix(".py")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        for name in imported:
            package, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if package == "photochrom" and other and other != own:
                assert height[other] < height[own], f"{path.relative_to(core)} imports {name}"

"""What GIMP knows of the filter's arguments."""

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402


def defaults(procedure: str) -> dict[str, object]:
    """The default of each argument that can be written as JSON, by name."""
    found = Gimp.get_pdb().lookup_procedure(procedure)
    config = found.create_config()
    names = [spec.get_name() for spec in found.get_arguments()]
    values = {name: config.get_property(name) for name in names}
    return {name: value for name, value in values.items() if isinstance(value, bool | int | float | str)}

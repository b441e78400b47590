"""What a procedure answers to GIMP: SUCCESS for success alone, and every failure with its sentence."""

from gi.repository import Gimp, GLib


def success(procedure: Gimp.Procedure) -> Gimp.ValueArray:
    """Everything was done."""
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


def cancelled(procedure: Gimp.Procedure) -> Gimp.ValueArray:
    """The user did not want it after all."""
    return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)


def refused(procedure: Gimp.Procedure, sentence: str) -> Gimp.ValueArray:
    """The caller has to call it differently."""
    return procedure.new_return_values(Gimp.PDBStatusType.CALLING_ERROR, _error(sentence))


def failed(procedure: Gimp.Procedure, sentence: str) -> Gimp.ValueArray:
    """The call was right, but it could not be done."""
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, _error(sentence))


def _error(sentence: str) -> GLib.Error:
    return GLib.Error.new_literal(Gimp.PlugIn.error_quark(), sentence, 0)

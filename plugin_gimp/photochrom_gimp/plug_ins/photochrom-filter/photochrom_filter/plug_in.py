"""What GIMP talks to: which procedures there are, and what happens when one is called."""

import traceback

from gi.repository import Gegl, Gimp, GLib

from photochrom_filter import job, statuses
from photochrom_filter.errors import GimpError, RefusalError
from photochrom_filter.procedures import FILTERS, create
from photochrom_filter.warm_worker import WarmWorker
from photochrom_filter.worker_error import WorkerError


class PhotochromFilter(Gimp.PlugIn):
    """Photochrom's filters."""

    def do_set_i18n(self, _name: str) -> bool:
        """The texts are translated here already."""
        return False

    def do_query_procedures(self) -> list[str]:
        """The names of the procedures."""
        return list(FILTERS)

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """A procedure with its arguments."""
        return create(self, name, self._run)

    def _run(
        self,
        procedure: Gimp.Procedure,
        run_mode: Gimp.RunMode,
        image: Gimp.Image,
        drawables: list[Gimp.Drawable],
        config: Gimp.ProcedureConfig,
        _data: None,
    ) -> Gimp.ValueArray:
        Gegl.init(None)
        chosen = FILTERS[procedure.get_name()]
        try:
            with WarmWorker() as warm:
                if run_mode == Gimp.RunMode.INTERACTIVE:
                    # Only here: both need a display.
                    from photochrom_filter import dialog

                    if not dialog.run(procedure, config, image, drawables, warm):
                        return statuses.cancelled(procedure)
                job.run(image, drawables, chosen.request(config), warm, chosen.title())
        except RefusalError as error:
            return statuses.refused(procedure, str(error))
        except (WorkerError, GimpError, GLib.Error, OSError, MemoryError) as error:
            return statuses.failed(procedure, str(error))
        except Exception as error:  # noqa: BLE001 (GIMP would say nothing of it)
            traceback.print_exc()
            return statuses.failed(procedure, f"{type(error).__name__}: {error}")
        return statuses.success(procedure)

"""Texts in the user's language, from the catalogues in the folder ``locale`` beside this package.

GIMP tells its plug-ins the language of its own window in LANGUAGE, whatever the system's is. The messages of the code
are American English, as GIMP's own are.
"""

import gettext
from pathlib import Path
from typing import Final

DOMAIN: Final = "photochrom-filter"
"""Name of the catalogues: locale/LANGUAGE/LC_MESSAGES/DOMAIN.mo."""
LOCALE: Final = Path(__file__).parent.parent / "locale"

_ = gettext.translation(DOMAIN, LOCALE, fallback=True).gettext
"""Translate a message; what no catalogue has stays as it is."""

"""Taking over the goal sheets a centre already has, with a list of what could not be carried.

`import_sheet` reads the CSV tables of plan-checking scripts, `import_scorecard` the JSON of two
scorecard programs. Both give limits of strength C, since the sheet is one transcription, and never
guess: an expression, structure or figure that is not understood is left out and listed.
"""

from constraints.importing.carried import Imported, LeftOut, Scope
from constraints.importing.scorecard import import_scorecard
from constraints.importing.sheet import import_sheet
from constraints.importing.writing import guideline_text, site_text

__all__ = [
    "Imported",
    "LeftOut",
    "Scope",
    "guideline_text",
    "import_scorecard",
    "import_sheet",
    "site_text",
]

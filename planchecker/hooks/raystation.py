# RayStation script: check the plan that is open with planchecker.
#
# Enter this one file under Scripting; it needs nothing but the standard library and runs on
# Python 3.6 and later, which is what RayStation 9A to 11B bring. It saves the patient, exports
# the beam set to a folder of its own, runs the planchecker that is installed on this computer
# in its own Python, shows the verdict, opens the report and removes the export.
#
# What was never run inside RayStation: everything between `connect` and the planning system,
# that is `patient.Save`, `ScriptableDicomExport` and the texts of its exceptions. The names of
# arguments are those of public scripts and recorded calls, the tests run against a stand-in.
# Run it on a test patient first and compare the export with one made by hand.
#
# Settings are environment variables or the constants below:
#   PLANCHECKER          the program (a path, or a name on PATH)
#   PLANCHECKER_REPORTS  the folder of reports
#   PLANCHECKER_JOURNAL  the journal, where it does not lie in the folder of reports
#   PLANCHECKER_PROTOCOL the protocol, where it is not the packaged one
#   PLANCHECKER_SITE     the site file, where the centre has one
"""RayStation script that checks the open plan with the installed planchecker."""

import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, Tuple

__all__ = ["check_open_plan", "command", "environment", "export", "main"]

PROGRAM = "planchecker"
REPORTS = os.path.join(os.path.expanduser("~"), "planchecker-reports")
TIMEOUT_S = 900
PREFIX = "planchecker-export-"
LEFT_BEHIND_S = 86400

VERDICTS = {
    0: "PASS or WARN: no mandatory limit is exceeded. Read the report.",
    1: "FAIL: at least one mandatory limit is exceeded, or the plan contradicts itself.",
    2: "NOT JUDGED: the plan could not be read or the program could not run.",
    3: "NOT DECIDED: something is borderline, needs a person, or could not be evaluated.",
}


class HookError(Exception):
    """The plan was not judged."""


def export_arguments(folder: str, beam_set: str, examination: str) -> List[Dict[str, Any]]:
    """Return the arguments of the export, newest names first.

    Lists are lists of names. The plan dose is asked for (summation type PLAN), not the doses
    of single beams.
    """
    common = {
        "ExportFolderPath": folder,
        "Examinations": [examination],
        "RtStructureSetsReferencedFromBeamSets": [beam_set],
        "BeamSets": [beam_set],
    }
    newer = dict(common, PhysicalBeamSetDoseForBeamSets=[beam_set])
    older = dict(common, BeamSetDoseForBeamSets=[beam_set])
    return [newer, older]


def export(
    case: Any, folder: str, beam_set: str, examination: str, show: Callable[[str], None]
) -> List[str]:
    """Export, with the argument names of this release; warnings are shown, never swallowed.

    Returns
    -------
    list of str
        Warnings that were shown before the export went through.

    Raises
    ------
    HookError
        If no form of the call is accepted.
    """
    last = None
    for arguments in export_arguments(folder, beam_set, examination):
        try:
            return _export_once(case, arguments, show)
        except Exception as error:  # the type differs between IronPython, pythonnet and CPython
            if not _unknown_argument(error):
                raise HookError("the export failed: {}".format(error))
            last = error
    raise HookError("this release knows neither form of the export: {}".format(last))


def _export_once(case: Any, arguments: Dict[str, Any], show: Callable[[str], None]) -> List[str]:
    try:
        answer = case.ScriptableDicomExport(IgnorePreConditionWarnings=False, **arguments)
    except Exception as error:
        if _unknown_argument(error):
            raise
        # Without leave to go on, warnings come as an exception: they are read, then repeated.
        warning = _warning_text(error)
        show("RayStation warns before the export:\n\n" + warning)
        answer = case.ScriptableDicomExport(IgnorePreConditionWarnings=True, **arguments)
        return [warning, *_warnings_in(answer)]
    return _warnings_in(answer)


def _unknown_argument(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, TypeError) or any(
        words in text
        for words in ("unexpected keyword", "unexpected argument", "no parameter", "argument name")
    )


def _warning_text(error: Exception) -> str:
    return " ".join(str(error).split())[:2000]


def _warnings_in(answer: Any) -> List[str]:
    try:
        content = json.loads(answer)
    except (TypeError, ValueError):
        return []
    found = content.get("Warnings") if isinstance(content, dict) else None
    return [str(one) for one in found or []]


def environment() -> Dict[str, str]:
    """Return the environment without the variables of the planning system's own Python."""
    kept = {
        name: value for name, value in os.environ.items() if not name.upper().startswith("PYTHON")
    }
    # What the program writes is decoded as UTF-8 here, whatever the code page of the computer.
    kept["PYTHONIOENCODING"] = "utf-8"
    return kept


def command(folder: str, reports: str) -> List[str]:
    """Return the command that judges one exported folder."""
    program = os.environ.get("PLANCHECKER", PROGRAM)
    words = [program, "watch", folder, "--once", "--hook", "raystation", "--reports", reports]
    for name in ("JOURNAL", "PROTOCOL", "SITE"):
        value = os.environ.get("PLANCHECKER_" + name)
        if value:
            words += ["--" + name.lower(), value]
    return words


def run(folder: str, reports: str) -> Tuple[int, str]:
    """Run planchecker; return its exit code and what it says.

    Raises
    ------
    HookError
        If the program is not there or does not end.
    """
    words = command(folder, reports)
    try:
        done = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
            timeout=TIMEOUT_S,
            check=False,
            # No console window in front of the planning system.
            creationflags=0x08000000 if os.name == "nt" else 0,
        )
    except subprocess.TimeoutExpired:
        raise HookError("planchecker did not end within {} s".format(TIMEOUT_S))
    except OSError as error:
        raise HookError("cannot run {!r}: {}; set PLANCHECKER".format(words[0], error))
    return done.returncode, done.stdout.decode("utf-8", "replace")


def report_page(text: str) -> str:
    """Return the path of the report that planchecker names; empty where it names none."""
    marker = "The report is "
    lines = [line for line in text.splitlines() if line.startswith(marker)]
    return lines[-1][len(marker) :].strip() if lines else ""


def judged(code: int, text: str) -> int:
    """Return the exit code, or 2 where it does not come with a report.

    Some other program that was started by mistake may end with 0; that is no verdict.
    """
    page = report_page(text)
    return code if code in VERDICTS and page and os.path.isfile(page) else 2


def verdict(code: int, text: str) -> str:
    """Return what is shown; every exit code that is not known is no verdict."""
    head = VERDICTS[judged(code, text)]
    return "{}\n\n{}".format(head, text.strip()[:3000])


def check_open_plan(show: Callable[[str], None], open_page: Callable[[str], None]) -> int:
    """Check the beam set that is open.

    Parameters
    ----------
    show
        Called with each text for the person at the screen.
    open_page
        Called with the path of the report.

    Returns
    -------
    int
        The exit code of planchecker; 2 where the plan was not judged.
    """
    remove_left_behind()
    folder = tempfile.mkdtemp(prefix=PREFIX)
    try:
        reports = os.environ.get("PLANCHECKER_REPORTS", REPORTS)
        if not os.path.isdir(reports):
            os.makedirs(reports)
        _export_open_plan(folder, show)
        code, text = run(folder, reports)
    except HookError as error:
        code, text = 2, str(error)
    except Exception as error:
        # Whatever goes wrong here must reach the screen as "not judged".
        code, text = 2, "{}: {}".format(type(error).__name__, error)
    finally:
        # The export holds patient data; the report stays, the files do not.
        shutil.rmtree(folder, ignore_errors=True)
    show(verdict(code, text))
    page = report_page(text)
    if page and os.path.isfile(page):
        open_page(page)
    return judged(code, text)


def remove_left_behind() -> None:
    """Remove exports of a day ago or more, which a script that was ended has left."""
    root = tempfile.gettempdir()
    for name in os.listdir(root):
        path = os.path.join(root, name)
        try:
            if name.startswith(PREFIX) and time.time() - os.path.getmtime(path) > LEFT_BEHIND_S:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # somebody else was quicker


def _export_open_plan(folder: str, show: Callable[[str], None]) -> None:
    # The planning system provides this module; nobody else has it.
    get_current = importlib.import_module("connect").get_current

    patient = get_current("Patient")
    case = get_current("Case")
    beam_set = get_current("BeamSet")
    # Unsaved changes block the export.
    patient.Save()
    examination = _examination(beam_set)
    export(case, folder, beam_set.BeamSetIdentifier(), examination, show)
    if not any(names for _, _, names in os.walk(folder)):
        raise HookError("RayStation exported no files")


def _examination(beam_set: Any) -> str:
    """Return the name of the planning image, whichever way this release tells it."""
    try:
        return str(beam_set.GetPlanningExamination().Name)
    except AttributeError:
        plan = importlib.import_module("connect").get_current("Plan")
        return str(plan.GetTotalDoseStructureSet().OnExamination.Name)


def _say(text: str) -> None:
    # The planning system may have no console; that must not take the verdict with it.
    with contextlib.suppress(Exception):
        sys.stdout.write(text + "\n")


def _show(text: str) -> None:
    _say(text)
    try:
        if os.name == "nt":
            import ctypes

            getattr(ctypes, "windll").user32.MessageBoxW(0, text, "planchecker", 0x40000)
    except Exception:  # a box that does not open must not take the verdict with it
        _say("(no message box)")


def _open_page(page: str) -> None:
    try:
        if os.name == "nt":
            getattr(os, "startfile")(page)
        else:
            subprocess.Popen(["xdg-open", page], env=environment())
    except OSError as error:
        _say("cannot open the report: {}".format(error))


def main() -> int:
    """Check the open plan; the script's own result is what the screen shows."""
    return check_open_plan(_show, _open_page)


if __name__ == "__main__":
    main()

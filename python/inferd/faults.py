"""What is wrong with a user's file, in one line that names the file and the line: no folders, callers see it."""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__))
_LONGEST = 500
_LONGEST_TRACEBACK = 16_000

#: Packages whose name in the index differs from that of their module.
_PACKAGES = {
    "PIL": "Pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "google.protobuf": "protobuf",
    "llama_cpp": "llama-cpp-python",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


class LoadFault(Exception):
    """A file cannot be served; the message says why in one line."""


def describe(error: BaseException, path: str) -> str:
    """One line on an exception that a user's file raised while it was loaded."""
    name = os.path.basename(path)
    if isinstance(error, SyntaxError) and error.filename is not None:
        return _line(f"{os.path.basename(error.filename)}:{error.lineno}: {type(error).__name__}: {error.msg}")
    where = f"{name}:{line}" if (line := _line_in(error.__traceback__, path)) else name
    if isinstance(error, ModuleNotFoundError) and error.name is not None and not _is_there(error.name, path):
        return _line(f"{where}: no module named {error.name}; try: pip install {package_of(error.name)}")
    text = text_of(error).replace(os.path.dirname(os.path.abspath(path)) + os.sep, "")
    return _line(f"{where}: {text}")


def traceback_of(error: BaseException) -> str:
    """The traceback without this package's own frames, and those of the import system."""
    frames = [
        one
        for one in traceback.extract_tb(error.__traceback__)
        if not one.filename.startswith((_OWN_FOLDER, "<frozen importlib"))
    ]
    text = traceback.TracebackException.from_exception(error)
    text.stack = traceback.StackSummary.from_list(frames)
    whole = "".join(text.format())
    if len(whole) <= _LONGEST_TRACEBACK:
        return whole
    # Its end says most: where it was raised, and what.
    return whole[: _LONGEST_TRACEBACK // 4] + "\n…\n" + whole[-_LONGEST_TRACEBACK // 2 :]


def text_of(error: BaseException) -> str:
    """An exception's type and message; the user's own may fail to give one."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the call must end all the same
        text = "its message cannot be read"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place_of(function: object) -> str:
    """Where a function or a class is defined, such as ``my_model.py:12``."""
    code = getattr(function, "__code__", None)
    if code is not None:
        return f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}"
    module = sys.modules.get(getattr(function, "__module__", "") or "")
    return os.path.basename(getattr(module, "__file__", None) or "the file")


def package_of(module: str) -> str:
    """What to install for a module."""
    top = module.partition(".")[0]
    return _PACKAGES.get(module) or _PACKAGES.get(top) or top.replace("_", "-")


def _is_there(module: str, path: str) -> bool:
    """Whether a module's first part lies next to the file, or was imported: then no package would help."""
    first = module.partition(".")[0]
    top = os.path.join(os.path.dirname(os.path.abspath(path)), first)
    is_imported = first in sys.modules and module not in _PACKAGES
    return is_imported or os.path.isdir(top) or os.path.isfile(f"{top}.py")


def _line_in(trace: TracebackType | None, path: str) -> int | None:
    """The last line of the file that a traceback passes."""
    lines = [one.lineno for one in traceback.extract_tb(trace) if os.path.abspath(one.filename) == os.path.abspath(path)]
    return lines[-1] if lines else None


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"

"""Loads a user's file: imports it, finds its decorated functions, and makes its class."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from inferd.decorators import MARK, Classify, Embed, Generate, Rerank, Task, labels_of
from inferd.faults import LoadFault, describe, place_of
from inferd.source import Source


@dataclass(frozen=True)
class Function:
    """A decorated function, ready to be called with its one argument."""

    call: Callable[[Any], Any]
    #: As people write it, such as ``Model.write``.
    name: str
    #: Such as ``my_model.py:12``.
    place: str
    #: Whether it is a coroutine or an async generator.
    is_async: bool


@dataclass(frozen=True)
class Model:
    generate: tuple[Generate, Function] | None
    embed: tuple[Embed, Function] | None
    rerank: tuple[Rerank, Function] | None
    classify: tuple[Classify, Function] | None
    #: Of ``embed``; zero without.
    dimensions: int
    #: Of ``classify``; none without.
    labels: list[str]
    #: The user's own ``close``.
    close: Callable[[], Any]


def load(path: str, source: Source) -> Model:
    """Throws a LoadFault that says in one line what is wrong, its cause the user's own exception if there is one."""
    module = _import(path)
    owner = _owner(module, os.path.basename(path))
    instance: Any = module if owner is module else _guarded(path, lambda: owner(source))
    tasks = {task.task: (task, _bound(instance, name, function)) for name, function, task in _marked(owner)}
    embed, classify = tasks.get("embed"), tasks.get("classify")
    close = getattr(instance, "close", None) if owner is not module else None
    return Model(
        generate=tasks.get("generate"),  # type: ignore[arg-type]
        embed=embed,  # type: ignore[arg-type]
        rerank=tasks.get("rerank"),  # type: ignore[arg-type]
        classify=classify,  # type: ignore[arg-type]
        dimensions=_guarded(path, lambda: _dimensions(instance, embed)) if embed else 0,
        labels=_guarded(path, lambda: _labels(instance, classify)) if classify else [],
        close=close if callable(close) else lambda: None,
    )


def _import(path: str) -> ModuleType:
    if not os.path.isfile(path):
        raise LoadFault(f"{os.path.basename(path)} does not exist")
    name = _module_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadFault(f"{os.path.basename(path)} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # What pickles its functions, such as multiprocessing, finds it by its name.
    sys.modules[name] = module
    loader = spec.loader
    _guarded(path, lambda: loader.exec_module(module))
    return module


def _module_name(path: str) -> str:
    """Its file's name, by which multiprocessing finds it again; another where that is a module's of the library or this
    package's, or has a dot."""
    stem = os.path.splitext(os.path.basename(path))[0]
    is_taken = stem in sys.modules or stem in sys.stdlib_module_names or "." in stem
    return f"inferd_model_{stem.replace('.', '_')}" if is_taken else stem


def _guarded(path: str, act: Callable[[], Any]) -> Any:
    try:
        return act()
    except LoadFault:
        raise
    except BaseException as error:  # noqa: BLE001 - a file may also call sys.exit
        raise LoadFault(describe(error, path)) from error


def _owner(module: ModuleType, file: str) -> Any:
    """The one class that has decorated methods, or the module with decorated functions."""
    classes = [
        one
        for one in vars(module).values()
        if inspect.isclass(one) and one.__module__ == module.__name__ and any(True for _ in _marked(one))
    ]
    functions = list(_marked(module))
    if len(classes) > 1:
        first, second = (f"{one.__name__} (line {_line(one)})" for one in classes[:2])
        raise LoadFault(f"{file}: both classes {first} and {second} have decorated methods; keep one")
    if classes and functions:
        raise LoadFault(
            f"{place_of(functions[0][1])}: the function {functions[0][0]} is decorated, and so are "
            f"methods of the class {classes[0].__name__} (line {_line(classes[0])}); keep one of both"
        )
    if not classes and not functions:
        raise LoadFault(f"{file} has no function with @inferd.generate, @inferd.embed, @inferd.rerank or @inferd.classify")
    owner = classes[0] if classes else module
    _check(owner, owner is not module)
    return owner


def _check(owner: Any, is_class: bool) -> None:
    seen: dict[str, str] = {}
    for name, function, task in _marked(owner):
        if task.task in seen:
            fault = f"{name} is a second function for {task.task}, after {seen[task.task]}"
            raise LoadFault(f"{place_of(function)}: {fault}")
        seen[task.task] = f"{name} ({place_of(function)})"
        argument = _argument(task)
        _check_signature(function, ("self", argument) if is_class else (argument,), name)
    if is_class and not _accepts(owner.__init__, 2) and owner.__init__ is not object.__init__:
        raise LoadFault(f"{place_of(owner.__init__)}: {owner.__name__}.__init__ must take (self, source)")
    if is_class and owner.__init__ is object.__init__:
        raise LoadFault(f"{owner.__name__} (line {_line(owner)}) needs a method __init__(self, source)")


def _argument(task: Task) -> str:
    if isinstance(task, Generate):
        return "request"
    return "pairs" if isinstance(task, Rerank) or (isinstance(task, Classify) and task.pairs) else "texts"


def _check_signature(function: Any, expected: tuple[str, ...], name: str) -> None:
    if not _accepts(function, len(expected)):
        raise LoadFault(f"{place_of(function)}: {name} must take ({', '.join(expected)})")


def _accepts(function: Any, count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True  # A function in C tells no signature.
    return True


def _marked(owner: Any) -> Iterator[tuple[str, Any, Task]]:
    """The decorated functions of a module or a class, and of its bases, each once."""
    names = dir(owner) if inspect.isclass(owner) else list(vars(owner))
    seen: set[int] = set()
    for name in names:
        one = inspect.getattr_static(owner, name, None)
        task = getattr(one, MARK, None) if not inspect.isclass(one) else None
        if isinstance(task, (Generate, Embed, Rerank, Classify)) and id(one) not in seen:
            seen.add(id(one))
            yield getattr(one, "__name__", name), one, task


def _bound(instance: Any, name: str, function: Any) -> Function:
    bound = function if isinstance(instance, ModuleType) else function.__get__(instance, type(instance))
    own_call = getattr(type(function), "__call__", None)
    is_async = any(
        inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one)
        for one in (inspect.unwrap(function), function, own_call)
    )
    return Function(bound, getattr(function, "__qualname__", name), place_of(inspect.unwrap(function)), is_async)


def _stated(instance: Any, stated: Any, name: str) -> tuple[Any, str]:
    """A value that a decorator states, an attribute's name or a function may stand for it; and what to call it."""
    if isinstance(stated, str):
        return getattr(instance, stated, None), f"the attribute {stated}"
    return (stated(instance), f"what {name} gives") if callable(stated) else (stated, name)


def _labels(instance: Any, classify: tuple[Any, Function]) -> list[str]:
    task, function = classify
    value, what = _stated(instance, task.labels, "labels")
    try:
        return labels_of(what, value)
    except ValueError as error:
        raise LoadFault(f"{function.place}: {error}") from None


def _dimensions(instance: Any, embed: tuple[Any, Function]) -> int:
    task, function = embed
    value, what = _stated(instance, task.dimensions, "dimensions")
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < 1:
        raise LoadFault(f"{function.place}: {what} must be a whole number above zero, not {value!r}")
    return int(value)


def _line(one: type) -> int:
    try:
        return inspect.getsourcelines(one)[1]
    except (OSError, TypeError):
        return 0

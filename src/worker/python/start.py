"""The Python side of a worker: calls a function of the user's on rows that come in batches on standard input, and
answers on standard output. parrow starts it with the protocol, the file, the name of the function, and the package that
batches are made with, or nothing, as arguments.

First it writes a line of JSON: the function's parameters, or what keeps it from being called. It reads a line of JSON:
which columns and constants go where. Then batches come and go: rows as columns of raw bytes (reader.py, writer.py) or as
docs/worker-protocol.md has them in NDJSON, with a line before each batch that has the number of its rows; whole batches in Arrow.

The standard library is all that rows need, and pyarrow what whole batches need.
"""

import json
import os
import struct
import sys
from array import array
from itertools import accumulate, repeat
from keyword import iskeyword

ERROR = "parrow_error"
OTHER = "parrow_other"
N_LARGEST_FRAMES = 12


def main(protocol, path, name, package):
    source, sink = take_pipes()
    pyarrow = None
    try:
        if protocol == "arrow":
            pyarrow = import_package("pyarrow")
        if package:
            import_package(package)
        function = load(path, name)
        hello = {"parameters": parameters_of(function)}
    except MissingPackage as error:
        hello = {"missing": error.args[0], "because": error.args[1]}
    except BaseException as error:
        hello = {"error": describe(error)}
    sink.write(json.dumps(hello).encode() + b"\n")
    sink.flush()
    line = source.readline() if "parameters" in hello else b""
    if line:
        call = Call(function, json.loads(line), pyarrow)
        serve = {"columns": serve_columns, "arrow": serve_batches, "ndjson": serve_ndjson}[protocol]
        serve(call, source, sink)


class MissingPackage(Exception):
    pass


def import_package(name):
    try:
        return __import__(name)
    except ImportError as error:
        raise MissingPackage(name, str(error))


def take_pipes():
    """Takes standard input and output away from the user's code: it reads nothing, and what it prints goes to standard
    error, whichever library prints it."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    for pipe in (source, sink):
        widen(pipe)
    return open(source, "rb", 1 << 16), open(sink, "wb", 1 << 16)


def widen(pipe):
    try:
        import fcntl
        fcntl.fcntl(pipe, getattr(fcntl, "F_SETPIPE_SZ", 1031), 1 << 20)
    except (ImportError, OSError):
        pass


def load(path, name):
    """The function `name`, which may have dots, of the file at `path`."""
    folder = os.path.dirname(os.path.abspath(path))
    if sys.path and sys.path[0] == "":
        sys.path[0] = folder
    else:
        sys.path.insert(0, folder)
    sys.argv = [path]
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    stem = os.path.splitext(os.path.basename(path))[0]
    module = type(sys)(stem if stem not in sys.modules else "parrow_user_" + stem)
    module.__file__ = os.path.abspath(path)
    sys.modules[module.__name__] = module
    exec(code, module.__dict__)
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            there = ", ".join(functions) if functions else "none"
            raise NoFunction(f"there is no {name!r} in {path} (functions: {there})")
        found = getattr(found, part)
    if not callable(found):
        raise NoFunction(f"{name!r} in {path} is {type(found).__name__}, and no function")
    return found


def parameters_of(function):
    """The name, the kind, whether there is a default and whether text is asked for, of each parameter; None where Python does not
    know."""
    if type(function) is type(main) and not hasattr(function, "__wrapped__") and not hasattr(function, "__signature__"):
        return parameters_of_code(function)
    # It takes as long to load as all else that is loaded here.
    import inspect
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise NoFunction(ASYNC)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[it.name, it.kind.name, it.default is not it.empty, asks_for_text(it.annotation)] for it in parameters]


def asks_for_text(annotation):
    """Whether it is str, or one of several of which str is one, as such or as the text that it was written as."""
    return "str" in (annotation.__name__ if isinstance(annotation, type) else str(annotation))


ASYNC = "the function is async, and nobody awaits its result; give a plain function, which may call asyncio.run"
VAR_POSITIONAL, VAR_KEYWORD, ANY_ASYNC = 0x4, 0x8, 0x80 | 0x100 | 0x200


def parameters_of_code(function):
    code = function.__code__
    if code.co_flags & ANY_ASYNC:
        raise NoFunction(ASYNC)
    n_positional, n_keywords = code.co_argcount, code.co_kwonlyargcount
    n_without_default = n_positional - len(function.__defaults__ or ())
    names, found = code.co_varnames, []
    text = {name: asks_for_text(annotation) for name, annotation in function.__annotations__.items()}
    for index, name in enumerate(names[:n_positional]):
        kind = "POSITIONAL_ONLY" if index < code.co_posonlyargcount else "POSITIONAL_OR_KEYWORD"
        found.append([name, kind, index >= n_without_default, text.get(name, False)])
    behind = n_positional + n_keywords
    if code.co_flags & VAR_POSITIONAL:
        found.append([names[behind], "VAR_POSITIONAL", False, False])
        behind += 1
    defaults = function.__kwdefaults__ or {}
    for name in names[n_positional:n_positional + n_keywords]:
        found.append([name, "KEYWORD_ONLY", name in defaults, text.get(name, False)])
    if code.co_flags & VAR_KEYWORD:
        found.append([names[behind], "VAR_KEYWORD", False, False])
    return found

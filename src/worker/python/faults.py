"""What is said of a row that failed, and of a function that cannot be called."""


class NoFunction(Exception):
    pass


def describe(error):
    """An exception as a text: what it is, and below it the frames of the user's code. What UTF-8 does not have is escaped."""
    return described(error).encode("utf-8", "backslashreplace").decode()


def described(error):
    if isinstance(error, NoFunction):
        return str(error)
    try:
        text = str(error)
    except Exception:
        text = ""
    lines = [type(error).__name__ + (": " + text if text else "")]
    if isinstance(error, SyntaxError) and error.filename:
        lines = [f"{type(error).__name__}: {error.msg}", f'  File "{error.filename}", line {error.lineno}']
        if error.text:
            lines.append("    " + error.text.strip())
    frames, at = [], error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if is_users(code.co_filename):
            frames.append((code.co_filename, at.tb_lineno, code.co_name))
        at = at.tb_next
    import linecache
    half = N_LARGEST_FRAMES // 2
    for index, (file, line, name) in enumerate(frames):
        if half <= index < len(frames) - half:
            if index == half:
                lines.append(f"  … {len(frames) - 2 * half} more")
            continue
        lines.append(f'  File "{file}", line {line}, in {name}')
        text = linecache.getline(file, line).strip()
        if text:
            lines.append("    " + text)
    if error.__cause__ is not None:
        lines.append("caused by " + described(error.__cause__))
    return "\n".join(lines)


def is_users(file):
    """Whether it is neither this file nor one of a library."""
    libraries = (os.path.dirname(os.__file__) + os.sep, f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
    is_library = file.startswith("<frozen") or file.endswith(".pyx") or any(part in file for part in libraries)
    return file != __file__ and not is_library

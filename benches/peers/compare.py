"""parrow beside its peers, on the same work, in turns, with the answers compared.

    cargo build --release --bin parrow --example in_memory
    python3 benches/peers/compare.py                    everything, and writes benches/peers/README.md and chart.svg
    python3 benches/peers/compare.py --only csv-counts  one piece of work; what was measured of the others before is kept
    python3 benches/peers/compare.py --rows 0.01        a hundredth of the rows
    python3 benches/peers/compare.py --quick            a few rows of everything, and writes nothing: for tests

Python's peers run in a virtual environment that is made where none is (`--venv`). They are timed without the start of the
interpreter and without imports; parrow, awk and the like are timed from start to end, as whole programs. Each round runs all
of them, one after the other, and the shortest time of each counts. A peer that is not there is named as missing, and one
whose answer is another is named as that.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Name and requirement. pandarallel 1.6.5 cannot be imported beside pandas 3.
PACKAGES = {"polars": "polars", "duckdb": "duckdb", "numpy": "numpy", "pandas": "pandas<3", "pyarrow": "pyarrow",
            "pandarallel": "pandarallel", "swifter": "swifter"}
N_INTEGERS, N_FLOATS, N_PYTHON = 20_000_000, 2_000_000, 200_000
LOW, HIGH = 4, 8

AWK_COUNT = "BEGIN{FS=OFS=\",\"} /^[a-z]/{next} {n=0; for(i=1;i<=NF;i++) if($i>=4&&$i<=8) n++; print n}"
AWK_APPEND = "BEGIN{FS=OFS=\",\"} /^[a-z]/{next} {n=0; for(i=1;i<=NF;i++) if($i>=4&&$i<=8) n++; print $0, n}"
AWK_SQRT = "BEGIN{FS=OFS=\",\"; OFMT=CONVFMT=\"%.17g\"} /^[a-z]/{next} {print $0, sqrt($1*$1+$2*$2)}"
AWK_ROOT = "BEGIN{FS=OFS=\",\"; OFMT=CONVFMT=\"%.17g\"} /^[a-z]/{next} {print sqrt($1*$1+$2*$2)}"
MILLER_COUNT = "n=0; for(k,v in $*){if(v>=4&&v<=8){n+=1}} "
XAN_COUNT = " + ".join(f"((({c}) >= 4) && (({c}) <= 8))" for c in ("column_1", "column_2", "column_3", "column_4", "column_5"))

# What is done, what it is done to, and what is compared: the values of one column, or all columns.
WORK = {
    "memory": ("in memory, five i64 columns, count of 4 ≤ v ≤ 8", "integers"),
    "csv-counts": ("CSV → counts", "integers"),
    "csv-counts-file": ("CSV → counts, written to a file", "integers"),
    "csv-csv": ("CSV → CSV with the count appended", "integers"),
    "parquet-counts": ("Parquet → counts", "integers"),
    "parquet-counts-file": ("Parquet → counts, written as CSV", "integers"),
    "parquet-counts-parquet-file": ("Parquet → counts, written as Parquet", "integers"),
    "parquet-parquet": ("Parquet → Parquet with the count appended", "integers"),
    "float-csv-csv": ("CSV → CSV with sqrt(x0² + x1²) appended", "floats"),
    "float-csv-column": ("CSV → the column sqrt(x0² + x1²)", "floats"),
    "float-parquet-parquet": ("Parquet → Parquet with sqrt(x0² + x1²) appended", "floats"),
    "python": ("the count as a Python function, 200,000 rows", "small"),
}


class Missing(Exception):
    """A peer that is not there."""

    def __init__(self, message):
        # Where things lie on this machine is nobody's business.
        super().__init__(re.sub(r"\s*\(?/[^\s)]*\)?", "", message).replace("|", "¦")[:160])


def version(command):
    """The first line of what a program says of itself."""
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is not installed") from None
    lines = (output.stdout or output.stderr).strip().splitlines()
    return lines[0].strip() if lines else "?"


class Program:
    """A peer that is a program: a command from file to file."""

    def __init__(self, name, command, output):
        self.name, self.command, self.output = name, command, output

    def run(self):
        stdout = subprocess.DEVNULL
        if self.output and "{output}" not in self.command:
            stdout = open(self.output, "wb")
        command = self.command.replace("{output}", str(self.output))
        start = time.perf_counter()
        outcome = subprocess.run(["bash", "-c", command], stdout=stdout, stderr=subprocess.PIPE)
        seconds = time.perf_counter() - start
        if outcome.returncode:
            raise Missing(outcome.stderr.decode(errors="replace").strip().splitlines()[-1])
        return seconds

    def close(self):
        pass


class InMemory:
    """parrow's own part of the work in memory: a program that tells what its loop took."""

    def __init__(self, name, command):
        self.name, self.command, self.output = name, command, None
        self.answer = None

    def run(self):
        outcome = subprocess.run(self.command, capture_output=True, text=True)
        if outcome.returncode:
            raise Missing(outcome.stderr.strip().splitlines()[-1])
        told = json.loads(outcome.stdout)
        self.answer = told["answer"]
        return told["seconds"][self.name]

    def close(self):
        pass


class InPython:
    """A peer in Python: a process of the virtual environment that does the work whenever it is told to."""

    def __init__(self, python, name, work, source, output):
        self.name, self.output, self.answer = name, output, None
        command = [python, str(HERE / "peer.py"), name, work, str(source), str(output or "")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline()
        if ready.strip() != "ready":
            raise Missing(ready.strip() or self.last_words())

    def run(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        if not told.strip():
            raise Missing(self.last_words())
        told = json.loads(told)
        self.answer = told.get("answer")
        return told["seconds"]

    def last_words(self):
        self.process.kill()
        lines = self.process.communicate()[1].strip().splitlines()
        return lines[-1][:200] if lines else "it ended without a word"

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()


def environment(folder):
    """The Python of the virtual environment, with what can be installed of the packages."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    have = subprocess.run([python, "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True)
    have = {package["name"].lower(): package["version"] for package in json.loads(have.stdout)}
    for package, requirement in PACKAGES.items():
        if package not in have:
            subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], stdout=sys.stderr)
    have = subprocess.run([python, "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True)
    have = {package["name"].lower(): package["version"] for package in json.loads(have.stdout)}
    versions = {package: have.get(package) for package in PACKAGES}
    versions["Python"] = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return str(python), versions


def make_data(parrow, python, folder, kinds, scale):
    """The tables of a fixed seed, where they are not there yet."""
    def rows(n):
        return max(int(n * scale), 10)

    made = {}
    for kind, n_rows in (("integers", rows(N_INTEGERS)), ("small", min(rows(N_PYTHON) if scale < 0.01 else N_PYTHON, N_PYTHON))):
        for extension in ("csv", "parquet"):
            path = folder / f"{kind}-{n_rows}.{extension}"
            made[kind, extension] = path
            if kind in kinds and not path.exists():
                arguments = ["generate", "--rows", str(n_rows), "--cols", "5", "--seed", "1", "--quiet", "--output", path]
                subprocess.run([parrow, *arguments], check=True)
    n_rows = rows(N_FLOATS)
    made["floats", "csv"], made["floats", "parquet"] = folder / f"floats-{n_rows}.csv", folder / f"floats-{n_rows}.parquet"
    if "floats" in kinds and not made["floats", "parquet"].exists():
        subprocess.run([python, HERE / "peer.py", "data", str(n_rows), made["floats", "csv"], made["floats", "parquet"]], check=True)
    return made


def competitors(work, parrow, example, python, made, folder):
    """Who does a piece of work: a function each, since making one may find it missing."""
    kind = WORK[work][1]
    csv, parquet = made[kind, "csv"], made[kind, "parquet"]
    def out(name, extension):
        return folder / f"{work}-{name.replace(' ', '-')}.{extension}"

    def program(name, tool, command, extension="csv"):
        def make():
            version(tool)
            return Program(name, command, out(name, extension) if extension else None)
        return name, make

    def in_python(name, source, extension=None):
        return name, lambda: InPython(python, name, work, source, out(name, extension) if extension else None)

    n_cores = len(os.sched_getaffinity(0))
    count = f"{parrow} count-range {{}} --min {LOW} --max {HIGH} --quiet"
    sqrt = f"{parrow} apply {{}} 'sqrt(x0*x0 + x1*x1) AS r' --quiet"
    ours = [parrow, "--version"]
    mawk, gnu = ["mawk", "-W", "version"], ["parallel", "--version"]
    pieces = f"parallel --will-cite -q -k --pipepart -a {csv} --block 20M -j {n_cores}"
    match work:
        case "memory":
            n_rows = str(csv).rpartition("-")[2].partition(".")[0]
            return [
                ("parrow", lambda: InMemory("parrow", [example, n_rows])),
                ("sum of the columns", lambda: InMemory("sum", [example, n_rows])),
                in_python("polars", parquet), in_python("numpy", parquet), in_python("duckdb", parquet),
            ]
        case "csv-counts" | "csv-counts-file":
            to = "csv" if work == "csv-counts-file" else None
            ours_to = "-o {output}" if to else "-o /dev/null --output-format csv"
            return [
                program("parrow", ours, f"{count.format(csv)} --only {ours_to}", to),
                in_python("polars", csv, to), in_python("duckdb", csv, to), in_python("pandas", csv, to),
                program("mawk", mawk, f"mawk '{AWK_COUNT}' {csv}", to),
                program("GNU parallel, mawk", gnu, f"{pieces} mawk '{AWK_COUNT}'", to),
                program("xan", ["xan", "--version"], f"xan select -e '{XAN_COUNT} as n' {csv}", to),
                program("Miller", ["mlr", "--version"], f"mlr --icsv --ocsv put -q '{MILLER_COUNT} emit {{\"n\": n}}' {csv}", to),
            ]
        case "csv-csv":
            return [
                program("parrow", ours, f"{count.format(csv)} -o {{output}}"),
                in_python("polars", csv, "csv"), in_python("duckdb", csv, "csv"),
                program("mawk", mawk, f"mawk '{AWK_APPEND}' {csv}"),
                program("GNU parallel, mawk", gnu, f"{pieces} mawk '{AWK_APPEND}'"),
                program("xan", ["xan", "--version"], f"xan map '{XAN_COUNT} as n' {csv}"),
                program("Miller", ["mlr", "--version"], f"mlr --icsv --ocsv put '{MILLER_COUNT} $n=n' {csv}"),
            ]
        case "parquet-counts":
            return [
                program("parrow", ours, f"{count.format(parquet)} --only -o /dev/null --output-format csv", None),
                in_python("polars", parquet), in_python("duckdb", parquet), in_python("pandas", parquet),
            ]
        case "parquet-counts-file" | "parquet-counts-parquet-file":
            to = "parquet" if work.endswith("parquet-file") else "csv"
            return [
                program("parrow", ours, f"{count.format(parquet)} --only -o {{output}}", to),
                in_python("polars", parquet, to), in_python("duckdb", parquet, to),
            ]
        case "parquet-parquet":
            return [
                program("parrow", ours, f"{count.format(parquet)} -o {{output}}", "parquet"),
                in_python("polars", parquet, "parquet"), in_python("duckdb", parquet, "parquet"),
            ]
        case "float-csv-csv":
            return [
                program("parrow", ours, f"{sqrt.format(csv)} -o {{output}}"),
                in_python("polars", csv, "csv"), in_python("duckdb", csv, "csv"),
                program("mawk", mawk, f"mawk '{AWK_SQRT}' {csv}"),
                program("GNU parallel, mawk", gnu, f"{pieces} mawk '{AWK_SQRT}'"),
                program("xan", ["xan", "--version"], f"xan map 'sqrt(x0*x0 + x1*x1) as r' {csv}"),
                program("Miller", ["mlr", "--version"], f"mlr --icsv --ocsv put '$r=sqrt($x0*$x0+$x1*$x1)' {csv}"),
            ]
        case "float-csv-column":
            return [
                program("parrow", ours, f"{sqrt.format(csv)} --only -o {{output}}"),
                in_python("polars", csv, "csv"), in_python("duckdb", csv, "csv"),
                program("mawk", mawk, f"mawk '{AWK_ROOT}' {csv}"),
                program("GNU parallel, mawk", gnu, f"{pieces} mawk '{AWK_ROOT}'"),
            ]
        case "float-parquet-parquet":
            return [
                program("parrow", ours, f"{sqrt.format(parquet)} -o {{output}}", "parquet"),
                in_python("polars", parquet, "parquet"), in_python("duckdb", parquet, "parquet"),
            ]
        case "python":
            worker = f"{HERE / 'row_functions.py'}:howmany_within_range --arg minimum={LOW} --arg maximum={HIGH}"
            return [
                program("parrow", ours, f"{count.format(csv)} --only -o {{output}}"),
                program("parrow, a Python function", ours,
                        f"{parrow} apply {csv} --python {worker} --python-exe {python} --only --quiet -o {{output}}"),
                *(in_python(name, csv, "csv") for name in
                  ("Python's loop", "Pool.map", "Pool.starmap", "pandas.apply", "pandarallel", "swifter")),
            ]


# Of these one call a row is what the comparison is about, so that fewer rounds say enough.
SLOW = {"mawk", "GNU parallel, mawk", "Miller", "xan", "pandas.apply", "pandarallel", "swifter", "Pool.starmap", "pandas"}


def answers(python, competitor, source, work):
    """What a competitor answered, in a form that all share."""
    if getattr(competitor, "answer", None) is not None:
        return competitor.answer
    if not competitor.output:
        return None
    told = subprocess.run([python, HERE / "peer.py", "answer", work, source, competitor.output], capture_output=True, text=True)
    if told.returncode:
        return "unreadable: " + (told.stderr.strip().splitlines() or ["?"])[-1][:120]
    return told.stdout.strip()


def compare(work, n_rounds, arguments, python, made, folder):
    """Runs a piece of work; gives for each competitor its seconds, or why there are none.

    Files are in the system's cache before anybody reads them, and outputs are new files each time."""
    kind = WORK[work][1]
    for extension in ("csv", "parquet"):
        if (kind, extension) in made:
            read_through(made[kind, extension])
    found, running = {}, {}
    for name, make in competitors(work, arguments.parrow, arguments.example, python, made, folder):
        try:
            running[name] = make()
        except Missing as missing:
            found[name] = {"missing": str(missing)}
    times = {name: [] for name in running}
    said = {}
    deadline = None
    for turn in range(n_rounds):
        for name, competitor in list(running.items()):
            is_slow = name in SLOW and turn > 0
            if is_slow or (deadline is not None and time.monotonic() > deadline):
                continue
            try:
                times[name].append(competitor.run())
                if turn == 0:
                    said[name] = answers(python, competitor, made[kind, "csv"], work)
                if competitor.output:
                    pathlib.Path(competitor.output).unlink(missing_ok=True)
            except Missing as missing:
                found[name] = {"missing": str(missing)}
                running.pop(name).close()
        # The slowest run once, and what they take is no part of it.
        deadline = deadline or time.monotonic() + arguments.seconds
    for name, competitor in running.items():
        competitor.close()
        if competitor.output:
            pathlib.Path(competitor.output).unlink(missing_ok=True)
    ours = said.get("parrow")
    for name in running:
        agrees = said.get(name) is None or ours is None or said[name] == ours
        found[name] = {"seconds": min(times[name]), "runs": len(times[name]), "agrees": agrees}
        if not agrees:
            found[name]["answer"] = str(said[name])
    return found


def read_through(path):
    with open(path, "rb") as file:
        while file.read(1 << 20):
            pass


def machine():
    model = platform.processor() or platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
        memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) / 2**20
        memory = f", {memory:.0f} GiB of memory"
    except OSError:
        memory = ""
    return f"{len(os.sched_getaffinity(0))} cores of {model}{memory}, {platform.system()} {platform.release().split('-')[0]}"


def three_digits(number):
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def best_peer(found):
    peers = {name: told["seconds"] for name, told in found.items()
             if "seconds" in told and not name.startswith("parrow") and name != "sum of the columns" and told["agrees"]}
    return min(peers.items(), key=lambda peer: peer[1]) if peers else None


def table(results):
    lines = []
    for work, told in results["work"].items():
        found = told["found"]
        lines.append(f"### {WORK[work][0]}\n")
        lines.append(f"{told['rows']:,} rows.\n")
        lines.append("| who | seconds | times parrow's | |\n|---|---:|---:|---|")
        ours = found.get("parrow", {}).get("seconds")
        for name, one in sorted(found.items(), key=lambda item: item[1].get("seconds", 1e9)):
            if "missing" in one:
                lines.append(f"| {name} | | | missing: {one['missing']} |")
                continue
            ratio = f"{three_digits(one['seconds'] / ours)}" if ours else ""
            note = "" if one["agrees"] else "**another answer**"
            lines.append(f"| {name} | {three_digits(one['seconds'])} | {ratio} | {note} |")
        lines.append("")
    return "\n".join(lines)


def chart(results):
    """Bars of how many times parrow's time the best peer takes."""
    rows = []
    for work, told in results["work"].items():
        ours, best = told["found"].get("parrow", {}).get("seconds"), best_peer(told["found"])
        if ours and best:
            rows.append((WORK[work][0], best[0], best[1] / ours))
    width, row, left = 860, 46, 12
    most = max([ratio for _, _, ratio in rows] + [1.0])
    def length(ratio):
        return ratio / most * (width - 190)

    height = len(rows) * row + 40
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" aria-label="How many times as fast as the best peer">',
           "<style>svg{background:#fff}text{font:13px system-ui,sans-serif;fill:#1c1d1f}.n{font-weight:600}.soft{fill:#5c5f66}"
           ".faster{fill:#1f6fb2}.slower{fill:#c2571a}line{stroke:#8a8f98;stroke-dasharray:5 4}"
           "@media(prefers-color-scheme:dark){svg{background:#15171a}text{fill:#e9eaec}.soft{fill:#a3a8b0}.faster{fill:#5aa7e6}.slower{fill:#e8894c}}</style>"]
    for index, (name, peer, ratio) in enumerate(rows):
        top = index * row + 8
        kind = "faster" if ratio >= 1 else "slower"
        svg.append(f'<text x="{left}" y="{top + 13}">{name.replace("&", "&amp;").replace("<", "&lt;")}</text>')
        svg.append(f'<rect class="{kind}" x="{left}" y="{top + 18}" width="{length(ratio):.1f}" height="14" rx="2"/>')
        svg.append(f'<text class="n" x="{left + length(ratio) + 6:.1f}" y="{top + 30}">{ratio:.2f}× <tspan class="soft">{peer}</tspan></text>')
    one = left + length(1.0)
    svg.append(f'<line x1="{one:.1f}" x2="{one:.1f}" y1="4" y2="{height - 28}"/>')
    svg.append(f'<text class="soft" x="{left}" y="{height - 10}">times as fast as the best peer, which is named; the dashed line is as fast</text></svg>')
    return "\n".join(svg) + "\n"


def page(results):
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items() if number)
    missing = ", ".join(name for name, number in results["versions"].items() if not number)
    text = [
        "# parrow beside its peers\n",
        "Written by `python3 benches/peers/compare.py`; do not edit. Everybody does the same work on the same files, one after the",
        "other, round by round; the shortest time of each counts, and the answers are compared. Files are in the system's cache before",
        "anybody reads them, and outputs are new files. Python's peers are timed without the start of the interpreter and without",
        "imports; parrow and the other programs from start to end, which brings its output to the disk.\n",
        f"Machine: {results['machine']}. {versions}.{' Missing: ' + missing + '.' if missing else ''}\n",
        "Take the ratios, not the seconds: another machine has others.\n",
        "![How many times as fast as the best peer](chart.svg)\n",
        table(results),
        "`python_workers.py` compares row functions in Python with `multiprocessing.Pool.map` at its best chunk size, peak memory included.",
    ]
    return "\n".join(text) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=list(WORK), help="this piece of work (may be given several times)")
    parser.add_argument("--rows", type=float, default=1.0, help="this part of the rows: 0.01 for a hundredth")
    parser.add_argument("--rounds", type=int, default=5, help="how often each runs, at most")
    parser.add_argument("--seconds", type=float, default=120, help="no round of a piece of work but the first begins after so long")
    parser.add_argument("--parrow", default=str(ROOT / "target" / "release" / "parrow"))
    parser.add_argument("--example", default=str(ROOT / "target" / "release" / "examples" / "in_memory"))
    parser.add_argument("--venv", type=pathlib.Path, default=ROOT / "target" / "peers" / "venv")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "target" / "peers" / "data")
    parser.add_argument("--python", help="this interpreter instead of a virtual environment; what it lacks is missing")
    parser.add_argument("--quick", action="store_true", help="a few rows of everything, once, and write nothing")
    parser.add_argument("--into", type=pathlib.Path, default=HERE, help="the folder that the page is written into")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.rounds = 0.0001, 1
    arguments.data.mkdir(parents=True, exist_ok=True)
    if arguments.python:
        python, versions = arguments.python, {"Python": platform.python_version()}
    else:
        python, versions = environment(arguments.venv)
    versions = {"parrow": version([arguments.parrow, "--version"]).split()[-1], **versions}
    for name, command in {"mawk": ["mawk", "-W", "version"], "GNU parallel": ["parallel", "--version"], "xan": ["xan", "--version"], "Miller": ["mlr", "--version"]}.items():
        try:
            versions[name] = next((word for word in version(command).split() if word[0].isdigit()), "?")
        except Missing:
            versions[name] = None
    wanted = arguments.only or list(WORK)
    made = make_data(arguments.parrow, python, arguments.data, {WORK[work][1] for work in wanted}, arguments.rows)
    store = arguments.into / "results.json"
    results = json.loads(store.read_text()) if store.exists() and not arguments.quick else {"work": {}}
    results |= {"machine": machine(), "versions": versions}
    all_agree = True
    with tempfile.TemporaryDirectory(dir=arguments.data) as folder:
        for work in wanted:
            found = compare(work, arguments.rounds, arguments, python, made, pathlib.Path(folder))
            rows = int(made[WORK[work][1], "csv"].stem.rpartition("-")[2])
            results["work"][work] = {"rows": rows, "found": found}
            print(f"\n{WORK[work][0]}, {rows:,} rows")
            for name, told in sorted(found.items(), key=lambda item: item[1].get("seconds", 1e9)):
                all_agree &= told.get("agrees", True)
                text = f"missing: {told['missing']}" if "missing" in told else f"{told['seconds']:.4f} s"
                print(f"  {name:28} {text}{'' if told.get('agrees', True) else '  ANOTHER ANSWER ' + told['answer']}")
            sys.stdout.flush()
    if not arguments.quick:
        results["work"] = {work: results["work"][work] for work in WORK if work in results["work"]}
        store.write_text(json.dumps(results, indent=1) + "\n")
        (arguments.into / "README.md").write_text(page(results))
        (arguments.into / "chart.svg").write_text(chart(results))
    if not all_agree:
        raise SystemExit("the answers differ")


if __name__ == "__main__":
    main()

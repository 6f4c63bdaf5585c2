#!/usr/bin/env python3
"""Compares the Squid report of casbah-discovery with DuckDB, GoAccess and `wc -l`.

    python3 -m venv .venv && .venv/bin/pip install duckdb
    apt-get install goaccess
    bench/squid/run.py [--python .venv/bin/python] [--megabytes 200] [--rounds 3]

Everything runs in turn, `--rounds` times; the best round of each counts. Prints wall and CPU
seconds, their ratio to ours, and `openssl speed rsa2048` of the same minute. The reports of ours
and of DuckDB must be equal.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
GOACCESS = ["--no-global-config", "--log-format=%x.%^ %~%L %h %^/%s %b %m %U %e %^",
            "--datetime-format=%s", "--date-format=%s", "--time-format=%s", "--no-progress", "-o"]


def measure(command, output):
    with open(output, "wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE)
        message = process.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed: {message}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="a Python that has duckdb")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    subprocess.run(["cargo", "build", "-q", "--release", "-p", "casbah-discovery",
                    "--example", "squid_report"], cwd=ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    ours = os.path.join(target, "release", "examples", "squid_report")
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "access.log")
        start = os.path.join(folder, "start.log")
        subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), log,
                        str(options.megabytes)], check=True)
        subprocess.run(f"head -c 20000000 {log} | sed '$d' > {start}", shell=True, check=True)
        report = os.path.join(HERE, "duckdb_report.py")
        commands = {"casbah": [ours, log], "wc -l": ["wc", "-l", log]}
        for form in ("csv", "split", "regex"):
            commands[f"duckdb ({form})"] = [options.python, report, log, form]
        commands["casbah, 20 MB"] = [ours, start]
        commands["goaccess, 20 MB"] = ["goaccess", start, *GOACCESS, os.path.join(folder, "x.json")]

        best = {}
        for _ in range(options.rounds):
            for name, command in commands.items():
                output = os.path.join(folder, name.replace(" ", "_") + ".csv")
                result = measure(command, output)
                best[name] = min(best.get(name, result), result)
        speed = subprocess.run(["openssl", "speed", "-seconds", "1", "rsa2048"],
                               capture_output=True, text=True, check=True).stdout

        def text(name):
            with open(os.path.join(folder, name.replace(" ", "_") + ".csv"), "rb") as file:
                return file.read()

        for name in commands:
            if name.startswith("duckdb"):
                if text(name) != text("casbah"):
                    sys.exit(f"the reports of casbah and {name} differ")
        rows = text("casbah").count(b"\n")
        print(f"{os.path.getsize(log) / 1e6:.0f} MB, {os.cpu_count()} cores, {rows} hosts, "
              "reports of casbah and duckdb are equal")
        print(f"{'':18}{'wall s':>8}{'cpu s':>8}{'MiB':>7}{'wall ratio':>12}{'cpu ratio':>11}")
        for name, (wall, cpu, memory) in best.items():
            base = best["casbah, 20 MB" if "20 MB" in name else "casbah"]
            print(f"{name:18}{wall:8.2f}{cpu:8.2f}{memory:7.0f}{wall / base[0]:12.1f}{cpu / base[1]:11.1f}")
        print(next(line for line in speed.splitlines() if line.startswith("rsa") and "2048" in line))


if __name__ == "__main__":
    main()

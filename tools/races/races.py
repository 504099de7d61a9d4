#!/usr/bin/env python3
"""Looks for races between threads that share handles, compiled code included.

In: a test of `crates/adit/tests/allocations.rs`, and one of `crates/codegen/tests/races.rs`. Out: every race that valgrind's helgrind sees with a frame of Adit or of
compiled code in it, and status 1 if there is one, or if the race made on purpose is not seen. Helgrind does not know the
locks of Rust's standard library, so what it tells of that library alone is counted and passed over.

    python3 tools/races/races.py        (needs valgrind: `apt install valgrind`)
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

# Package, file and name of each.
HONEST = ("adit", "allocations", "eight_threads_share_a_set_of_handles")
ON_PURPOSE = ("adit-codegen", "races", "two_threads_write_one_buffer")
SOURCES = re.compile(r"/crates/\w+/src\b")


def binary(package, file):
    """Builds a file of tests; the path of the program."""
    command = ["cargo", "test", "-p", package, "--test", file, "--no-run", "--message-format", "json"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    found = [m["executable"] for m in map(json.loads, lines) if m.get("executable") and m["target"]["name"] == file]
    return found[-1]


def name(frame):
    """What a frame is called; compiled code lies in no file."""
    return "compiled code" if frame.find("obj") is None else frame.findtext("fn") or frame.findtext("obj")


def concerns_us(frame):
    """Whether a frame is one of Adit's sources or of compiled code."""
    return frame.find("obj") is None or SOURCES.search(frame.findtext("dir") or "") is not None


def races(package, file, test):
    """Races of one test: those that concern us, and how many others."""
    program = binary(package, file)
    with tempfile.NamedTemporaryFile(suffix=".xml") as out:
        valgrind = ["valgrind", "--tool=helgrind", "--smc-check=all-non-file", "--xml=yes", f"--xml-file={out.name}"]
        run = [program, "--exact", test, "--include-ignored", "--test-threads", "1"]
        subprocess.run(valgrind + run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        errors = [e for e in xml.parse(out.name).getroot().iter("error") if e.findtext("kind") == "Race"]
    ours = [e for e in errors if any(map(concerns_us, e.iter("frame")))]
    return ours, len(errors) - len(ours)


def show(error):
    """One race as text."""
    text = error.findtext("xwhat/text") or error.findtext("what") or "race"
    return "\n    ".join([text] + [name(frame) for frame in error.iter("frame")])


def main():
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not here: apt install valgrind")
    found, others = races(*HONEST)
    for error in found:
        print(show(error))
    print(f"{HONEST[-1]}: {len(found)} races, {others} reports of the standard library alone")
    seen, _ = races(*ON_PURPOSE)
    print(f"{ON_PURPOSE[-1]}: {len(seen)} races")
    sys.exit(1 if found or not seen else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Searches all states of a Promela model with Spin; see build/cmake/model_test.cmake.

A search counts only if it was complete: within its depth, within its memory, every state stored as it is.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

DEPTH = 20_000_000
MEMORY_MIB = 4096
TRAIL_LINES = 120

STATES = r"([0-9.e+]+) states, stored"
REACHED = r"depth reached (\d+)"
TIME = r"elapsed time ([0-9.e+-]+)"
ERROR = r"pan:1: ([^\n]*)"


def run(command, directory):
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return done.returncode, done.stdout


def must(command, directory):
    status, text = run(command, directory)
    if status != 0:
        sys.exit(f"{' '.join(command)}: status {status}\n{text}")
    return text


class Model:
    def __init__(self, arguments, directory):
        self.name = os.path.basename(arguments.model)
        self.directory = directory
        self.compiler = arguments.cc
        # In a short search it is the compiler that takes the time.
        self.optimise = "-O0" if arguments.broken else "-O2" if arguments.define else "-O1"
        defines = [f"-D{define}" for define in arguments.define]
        if arguments.broken:
            if f"BREAK_{arguments.broken}" not in open(arguments.model, encoding="utf-8").read():
                sys.exit(f"{self.name} does not know BREAK_{arguments.broken}")
            defines.append(f"-DBREAK_{arguments.broken}")
        shutil.copy(arguments.model, directory)
        must([arguments.spin, "-a", *defines, self.name], directory)

    def search(self, claim):
        """The analyser's report, for one formula or without any."""
        binary = "live" if claim else "safe"
        if not os.path.exists(os.path.join(self.directory, binary)):
            kind = ["-DNFAIR=3"] if claim else ["-DSAFETY", "-DNOCLAIM"]
            must([self.compiler, self.optimise, "-w", f"-DMEMLIM={MEMORY_MIB}", "-DVECTORSZ=2048", *kind, "-o", binary,
                  "pan.c"], self.directory)
        # The depth is what stack is taken for at once: deeper only where it is needed.
        for depth in (200_000, DEPTH):
            options = ["-w20", f"-m{depth}"] + (["-a", "-f", "-N", claim] if claim else [])
            _, report = run(["./" + binary, *options], self.directory)
            if "max search depth too small" not in report:
                break
        return report

    def trail(self, claim):
        """The end of the last search's counterexample."""
        binary = "live" if claim else "safe"
        _, text = run(["./" + binary, "-r", *(["-a", "-f", "-N", claim] if claim else [])], self.directory)
        return "\n".join(text.splitlines()[-TRAIL_LINES:])


def check_mirrored(model):
    """What the model's head names is there: a function that was renamed takes its model along."""
    with open(model, encoding="utf-8") as file:
        head = file.read().split("*/")[0]
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths = [os.path.join(top, path) for path in re.findall(r"[\w/]+/\w+\.[ch]\b", head)]
    missing = [path for path in paths if not os.path.exists(path)]
    if not paths or missing:
        sys.exit(f"{model}: its head names {missing or 'no source files'}")
    text = ""
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text += file.read()
    missing = [name for name in re.findall(r"\b(\w+)\(\)", head) if not re.search(rf"\b{name}\(", text)]
    if missing:
        sys.exit(f"{model}: it mirrors what is not there: {' '.join(missing)}")


def number(pattern, report):
    found = re.search(pattern, report)
    return found.group(1) if found else "?"


def errors(report):
    found = re.search(r"errors: (\d+)", report)
    if found is None:
        sys.exit(f"no result:\n{report}")
    return int(found.group(1))


def steps_of(directory):
    """How often each step, a line and its text, is in the analyser: once for each place where an inline is used."""
    def text_of(suffix):
        with open(os.path.join(directory, "pan." + suffix), encoding="utf-8") as file:
            return file.read()

    lines = {process: re.findall(r"\d+", numbers)
             for process, numbers in re.findall(r"short src_ln(\d+) \[\] = \{([^}]*)\}", text_of("c"))}
    places = {(process, state, text) for process, state, text in
              re.findall(r'trans\[(\d+)\]\[(\d+)\]\s*= settr\([^"]*"((?:[^"\\]|\\.)*)"', text_of("t"))}
    known = [(lines[process][int(state)], text) for process, state, text in places if process in lines]
    return Counter(known) + Counter(text for _, text in known)


def unreached(report, steps):
    """Steps that no state takes, wherever they are used, but for the ends of processes that have none.

    Of a choice that is never made the report has the line of the whole selection: such are counted by their texts."""
    found = re.findall(r'^\t([^:\n]*):(\d+), state \d+, "([^\n]*)"$', report, re.M)
    missed = Counter((line, text) if (line, text) in steps else text
                     for file, line, text in found if text != "-end-" and not file.startswith("_spin"))
    return [" ".join(("line", *step)) if isinstance(step, tuple) else step
            for step, count in missed.items() if count >= steps[step]]


def check_whole(model, claims):
    for claim in [None, *claims]:
        report = model.search(claim)
        what = claim or "assertions and deadlocks"
        if errors(report) != 0:
            sys.exit(f"{model.name}: {what}: broken:\n{model.trail(claim)}\n{report}")
        for incomplete in ("Search not completed", "max search depth too small", "Bit statespace", "out of memory"):
            if incomplete in report:
                sys.exit(f"{model.name}: {what}: {incomplete}\n{report}")
        print(f"{model.name}: {what}: {number(STATES, report)} states, depth {number(REACHED, report)}, "
              f"{number(TIME, report)} s")
        dead = unreached(report, steps_of(model.directory)) if claim is None else []
        if dead:
            sys.exit(f"{model.name}: steps that are never taken:\n" + "\n".join(dead))


def check_broken(model, broken, claims):
    claim = claims[0] if claims else None
    report = model.search(claim)
    if errors(report) == 0:
        sys.exit(f"{model.name}: {broken} is not found\n{report.split('unreached')[0]}")
    print(f"{model.name}: {broken} is found{' by ' + claim if claim else ''}: {number(ERROR, report)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--spin", default="spin")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--broken", help="define BREAK_<this>; an error is expected")
    parser.add_argument("--define", nargs="*", default=[], help="sizes: NAME=VALUE")
    parser.add_argument("--claims", nargs="*", default=[], help="LTL formulas to check")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        model = Model(arguments, directory)
        if arguments.broken:
            check_broken(model, arguments.broken, arguments.claims)
        else:
            check_mirrored(arguments.model)
            check_whole(model, arguments.claims)


if __name__ == "__main__":
    main()

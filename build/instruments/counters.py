"""What GCC's counters say after tests have run: lines and branches of each source file, over all programs."""
import json
import math
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from image import fail


def folded(counts, length):
    return [sum(counts[i::length]) for i in range(length)] if length else []


class File:
    """`lines`: {number: times run}. `branches`: {number: [times taken]}. `functions`: {first: (name, last line)}."""

    def __init__(self, path):
        self.path, self.lines, self.branches, self.functions = path, {}, {}, {}

    def merge(self, found):
        for function in found["functions"]:
            self.functions[function["start_line"]] = (function["name"], function["end_line"])
        branches = {}
        for line in found["lines"]:
            number = line["line_number"]
            self.lines[number] = self.lines.get(number, 0) + line["count"]
            # The same line in two functions (of two programs, or copies) has its branches in the same order.
            counts = [branch["count"] for branch in line["branches"]]
            branches.setdefault(number, []).extend(counts)
        for number, counts in branches.items():
            old = self.branches.get(number, [0] * len(counts))
            # In a header, a program has as many copies of an inlined line as it has uses: they count as one then.
            once = math.gcd(len(old), len(counts))
            if len(old) != len(counts):
                old, counts = folded(old, once), folded(counts, once)
            self.branches[number] = [a + b for a, b in zip(old, counts)]

    def totals(self):
        taken = [count for counts in self.branches.values() for count in counts]
        return (sum(1 for count in self.lines.values() if count), len(self.lines),
                sum(1 for count in taken if count), len(taken))


def gcov(path):
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", "--branch-counts", path],
                          capture_output=True, text=True, check=False, cwd=os.path.dirname(path))
    if done.returncode != 0:
        fail(f"gcov can't read {path}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def read(folder, root, wanted):
    """The files of which `wanted(path from the root)` is true, by that path."""
    notes = [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names if name.endswith(".gcno")]
    files = {}
    with ThreadPoolExecutor(2) as pool:
        for answers in pool.map(gcov, notes):
            for answer in answers:
                for found in answer["files"]:
                    path = os.path.join(answer["current_working_directory"], found["file"])
                    path = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
                    if wanted(path) and os.path.exists(os.path.join(root, path)): # not of a file that is no more
                        files.setdefault(path, File(path)).merge(found)
    return files

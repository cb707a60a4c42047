"""What the tests reach of the sources: tables, the list of what they don't reach, and whether that list is true.

kernel/tests/unreached.txt names every line and branch of the kernel's generic part that no host test reaches:

    FILE FUNCTION `text of the line` line -- why
    FILE FUNCTION `text of the line` branches 1 4 of 6 -- why
        which may go on on lines that begin with white space

The branches of a line are counted as gcov has them: for each condition in the order of evaluation, two. In the text of
a long line, … may stand for its end."""
import os
import re

from image import fail
from notes import logical_lines

ENTRY = re.compile(r"(\S+) (\S+) `(.*)` (line|branch(?:es)? ([\d ]+) of (\d+)) -- (.+)$")
ATTRIBUTE = re.compile(r"__attribute__\(\(.*?\)\) ?")
DEFINITION = re.compile(r"^[A-Za-z_].*?\b(\w+)\((?!.*;\s*$)")


class Place:
    """`missing`: the numbers of branches that were not taken, from 1; empty: the line was not run."""

    def __init__(self, path, function, text, missing, of):
        self.path, self.function, self.text, self.missing, self.of = path, function, text, missing, of

    def __str__(self):
        kind = "line"
        if self.missing:
            numbers = " ".join(map(str, self.missing))
            kind = f"branch{'es' if len(self.missing) > 1 else ''} {numbers} of {self.of}"
        return f"{self.path} {self.function} `{self.text}` {kind}"

    def matches(self, other):
        whole = self.text[:-1] if self.text.endswith("…") else None
        text = other.text.startswith(whole) if whole is not None else other.text == self.text
        return (text and (self.path, self.function, self.missing, self.of) ==
                (other.path, other.function, other.missing, other.of))


def read_list(path):
    entries = []
    for number, line in logical_lines(path):
        match = ENTRY.match(line)
        if not match:
            fail(f"{path}:{number}: expected FILE FUNCTION `text` line|branches … of … -- why")
        missing = [int(word) for word in (match.group(5) or "").split()]
        of = int(match.group(6)) if missing else 0
        entries.append((f"{path}:{number}", Place(*match.group(1, 2, 3), missing, of)))
    return entries


def unreached(file, root):
    with open(os.path.join(root, file.path), encoding="utf-8") as source:
        lines = source.read().splitlines()
    function, functions = "-", []
    for line in lines:
        match = DEFINITION.match(ATTRIBUTE.sub("", line))
        function = match.group(1) if match else function
        functions.append(function)
    for number, count in sorted(file.lines.items()):
        branches = file.branches.get(number, [])
        missing = [i for i, taken in enumerate(branches, 1) if taken == 0]
        if count == 0:
            missing = []
        if count == 0 or missing:
            yield number, Place(file.path, functions[number - 1], lines[number - 1].strip(), missing,
                                len(branches) if missing else 0)


def check(files, root, path):
    """Is what was not reached what the list says?"""
    entries, problems, used = read_list(path), [], set()
    for file in files:
        for number, place in unreached(file, root):
            found = [at for at, entry in entries if entry.matches(place)]
            used.update(found)
            if not found:
                problems.append(f"{file.path}:{number}: not reached, and {os.path.relpath(path, root)} does not say "
                                f"why: {place}")
    for at, entry in entries:
        if at not in used:
            problems.append(f"{os.path.relpath(at, root)}: reached, or no more there: {entry}")
    return problems


def percent(reached, of):
    return f"{reached:>6} of {of:<6}{100 * reached / of if of else 100:>6.1f} %"


def table(title, files):
    """Returns lines and branches of all."""
    sums = [0, 0, 0, 0]
    print(f"\n{title:<44}{'lines':>16}{'':9}{'branches':>16}")
    for file in sorted(files, key=lambda one: one.path):
        totals = file.totals()
        sums = [a + b for a, b in zip(sums, totals)]
        print(f"{file.path:<44}{percent(*totals[:2])}  {percent(*totals[2:])}")
    print(f"{'all':<44}{percent(*sums[:2])}  {percent(*sums[2:])}")
    return sums


def trace_file(files, root, path):
    """For genhtml: lcov's format (geninfo(1), FILES)."""
    with open(path, "w", encoding="utf-8") as out:
        for file in files:
            out.write(f"SF:{os.path.join(root, file.path)}\n")
            for start, (name, _) in sorted(file.functions.items()):
                out.write(f"FN:{start},{name}\nFNDA:{file.lines.get(start, 0)},{name}\n")
            for number, counts in sorted(file.branches.items()):
                for index, count in enumerate(counts):
                    taken = count if file.lines.get(number) else "-"
                    out.write(f"BRDA:{number},0,{index},{taken}\n")
            for number, count in sorted(file.lines.items()):
                out.write(f"DA:{number},{count}\n")
            out.write("end_of_record\n")

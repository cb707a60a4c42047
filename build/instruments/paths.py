"""The longest way through the kernel without a look for interrupts, in instructions, by the image's control flow.

    loop FILE `text`: N -- the loop with an instruction of this source line goes round at most N times
    ends FUNCTION: -- a way ends there: interrupts are taken in it, or it belongs to another account
        (of a long one its beginning, and …)
    beyond FUNCTION: -- no part of a straight run: where the general way begins

A loop that polls for interrupts and stops when there is one counts with one piece: an interrupt that waits is taken
after it, and one that comes meanwhile is seen at its end. Waiting for another core is no work of this one, and is
counted as one look. What panics is not counted: the kernel goes no further."""
import os
import re
import subprocess

from calls import Calls, base_name
from image import Image, fail
from notes import Notes
from observed import observe
import loops

SOURCE = re.compile(r"/(kernel/(?:\w+\.c|include/kernel/\w+\.h|arch/.*))$")
PANIC = ("panic", "trap_unexpected", "machine_do_reset", "machine_do_power_off", "arch_core_offline")


LIMIT, RATIO = 2000, 1.5
SYNCHRONOUS = ("vectors+0x400", "vectors+0x600")


class Lines:
    """The source line of each instruction: (file, text)."""

    def __init__(self, image, root):
        addresses = sorted(image.code)
        done = subprocess.run(["addr2line", "-e", image.path], input="".join(f"{at:x}\n" for at in addresses),
                              capture_output=True, text=True, check=True)
        texts, self.of = {}, {}
        for address, place in zip(addresses, done.stdout.splitlines()):
            path, _, number = place.split(" ")[0].rpartition(":")
            match = SOURCE.search(path)
            name = match.group(1) if match else path
            if name not in texts:
                full = os.path.join(root, name)
                texts[name] = open(full, encoding="utf-8").read().splitlines() if os.path.isfile(full) else []
            if number.isdigit() and 0 < int(number) <= len(texts[name]):
                self.of[address] = (name, texts[name][int(number) - 1].strip())


class Longest:
    """`cost`: of each (function, once-notes under way) the longest way from its start to its end; `parts`: the calls on
    it."""

    def __init__(self, calls, notes, lines, beyond):
        """`beyond`: names of functions that the ways do not go into."""
        self.calls, self.lines, self.beyond, self.problems = calls, lines, beyond | set(PANIC), []
        self.bounds = {}
        for note in notes.all("loop"):
            match = re.match(r"(\S+) `(.*)`$", note.name)
            if not match or len(note.values) != 1:
                fail(f"{note.place}: expected loop FILE `text`: N -- why")
            path, text = match.groups()
            texts = {text}
            if text.endswith("…"):
                texts = {whole for name, whole in set(lines.of.values())
                         if name == path and whole.startswith(text[:-1])}
            for whole in texts:
                self.bounds[(path, whole)] = (int(note.values[0]), note)
        self.shapes, self.cost, self.parts, self.said = {}, {}, {}, set()

    def shape(self, start):
        if start not in self.shapes:
            code, successors, work = self.calls.image.code, {}, [start]
            while work:
                address = work.pop()
                if address not in successors:
                    successors[address] = self.calls.successors(code[address])
                    work += successors[address]
            self.shapes[start] = (successors, *loops.find(start, successors))
        return self.shapes[start]

    def own_bounds(self, loop):
        found = {self.lines.of[at] for at in loop.own if self.lines.of.get(at) in self.bounds}
        for key in found:
            self.bounds[key][1].used = True
        return found

    def bounds_within(self, loop, found):
        inner = [other for other in found if other.head in loop.inside and len(other.inside) < len(loop.inside)]
        return set().union(*(self.own_bounds(other) for other in inner))

    def bound(self, start, loop, found):
        """An outer loop has lines of an inner one, where that begins: those are not its own. But of a source loop that
        the compiler made two of, one in the other, the outer one goes round as often as it says in all."""
        mine = self.own_bounds(loop)
        for outer in found:
            if mine and loop.head in outer.inside and len(outer.inside) > len(loop.inside) and \
               mine <= self.own_bounds(outer) <= self.bounds_within(outer, found):
                return 1
        mine = mine - self.bounds_within(loop, found) or mine
        if not mine and loop.head not in self.said:
            self.said.add(loop.head)
            places = sorted({f"{name} `{text}`" for name, text in
                             {self.lines.of[at] for at in loop.own if at in self.lines.of}})
            self.problems.append(f"{self.calls.image.name(start)} has a loop at {loop.head:x} without a bound; a note "
                                 "may name one of: " + "; ".join(places[:12]))
        return max((self.bounds[key][0] for key in mine), default=1)

    def all_from(self, root):
        work = [((root, frozenset()), False)]
        while work:
            node, done = work.pop()
            if node in self.cost:
                continue
            if done:
                self.measure(node)
                continue
            work.append((node, True))
            work += [(after, False) for _, after in self.callees(node) if after not in self.cost]
        return self.cost[(root, frozenset())]

    def callees(self, node):
        start, once = node
        for call in self.calls.calls[start]:
            if call.once is None or call.once not in once:
                for target in call.targets:
                    if base_name(self.calls.image.name(target)) not in self.beyond:
                        yield call, (target, once | ({call.once} if call.once else set()))

    def measure(self, node):
        """Loops, the inner ones first, become one place that costs as much as all of their rounds."""
        successors, nodes, found = self.shape(node[0])
        weight = {address: (1, ()) for address in nodes}
        for call, after in self.callees(node):
            # Where a condition leads to another function's start, what that costs is on one of the two ways: a place
            # of its own, behind the branch.
            site, price = call.site, 1 + self.cost.get(after, 0)
            if self.calls.image.code[site].is_conditional:
                site, price = -site, price - 1
                successors = {**successors, call.site: [*successors[call.site], site], site: []}
                weight.setdefault(site, (0, ()))
            if price > weight[site][0]:
                weight[site] = (price, ((after, 1),))
        group = {address: address for address in weight}
        for loop in found:
            if loop.tangled: # no order in it: all of it, each round
                places = {group[member] for member in loop.inside}
                cost = sum(weight[place][0] for place in places)
                parts = tuple(part for place in places for part in weight[place][1])
            else:
                cost, parts = self.longest(loop.head, loop.inside, successors, group, weight,
                                           loop.head)
            bound = self.bound(node[0], loop, found)
            weight[loop.head] = (cost * bound, tuple((part, times * bound) for part, times in parts))
            for address in loop.inside:
                group[address] = loop.head
        self.cost[node], self.parts[node] = self.longest(node[0], set(weight), successors, group, weight, None)

    @staticmethod
    def longest(start, inside, successors, group, weight, head):
        """The longest way within `inside` from `start`, over groups; edges back to `head` are ends."""
        members = {}
        for address in inside:
            members.setdefault(group[address], []).append(address)
        after = {place: {group[to] for address in addresses for to in successors[address]
                         if to in inside and group[to] != place and to != head}
                 for place, addresses in members.items()}
        best = {}
        work = [(group[start], False)]
        while work:
            place, done = work.pop()
            if place in best:
                continue
            if not done:
                work.append((place, True))
                work += [(to, False) for to in after[place] if to not in best]
                continue
            cost, way = max(((best[to][0], to) for to in after[place] if to in best), default=(0, None))
            best[place] = (cost + weight[place][0], place, way)
        place, parts = group[start], []
        total = best[place][0]
        while place is not None:
            parts += weight[place][1]
            place = best[place][2]
        return total, tuple(parts)


def used(calls, notes, word):
    names = {note.name for note in notes.all(word)}
    for name in names:
        notes.get(word, name).used = name in calls.by_name
    return names


def report(options):
    """`build/bounds paths`. Returns problems."""
    image, notes = Image(options.kernel, options.objdump), Notes(options.notes)
    calls, lines = Calls(image, notes), Lines(image, options.source)
    beyond = used(calls, notes, "beyond")
    straight = Longest(calls, notes, lines, beyond)
    whole = Longest(calls, notes, lines, used(calls, notes, "ends"))
    vectors = {start: label for start, label in sorted(calls.entries.items()) if label.startswith("vectors+")}
    synchronous = [start for start, label in vectors.items() if label in SYNCHRONOUS]
    longest = max(straight.all_from(start) for start in synchronous)
    methods = {}
    for start in vectors:
        whole.all_from(start)
    for (start, _), cost in whole.cost.items():
        name = base_name(image.functions.get(start, ""))
        if "_do_" in name:
            methods[name] = max(cost, methods.get(name, 0))
    print(f"{'methods of kernel.idl, all that may come together':<52}{'at most':>16}")
    for name, cost in sorted(methods.items(), key=lambda one: -one[1])[:options.show]:
        print(f"{name:<52}{cost:>16}")
    within = sum(1 for cost in methods.values() if cost <= LIMIT)
    print(f"{within} of {len(methods)} methods need at most {LIMIT} instructions\n")
    print(f"straight runs, from the vector to the return: at most {longest} instructions of {LIMIT}")
    problems = calls.problems + straight.problems + [one for one in whole.problems if one not in straight.problems]
    problems += notes.unused(("loop", "beyond", "ends"))
    if longest > LIMIT:
        problems.append(f"a straight run may take {longest} instructions, more than {LIMIT}")
    if options.observe:
        seen = observe(options, image, set(vectors), beyond)
        if seen.runs == 0:
            fail("nothing was seen: does manifest/bench.dts boot?")
        ratio = longest / max(seen.straight[0], 1)
        print(f"seen in {seen.runs} ways through the kernel: straight {seen.straight[0]} instructions, computed are "
              f"{ratio:.2f} times that; any {seen.whole[0]}")
        if seen.straight[0] > longest:
            problems.append(f"a straight run of {seen.straight[0]} instructions was seen, by "
                            f"{', '.join(seen.straight[1])}: more than was computed")
        if ratio > RATIO:
            problems.append(f"computed is {ratio:.2f} times what was seen, more than {RATIO}")
    return problems

"""The longest ways through the kernel between two looks for interrupts, in instructions, by the image's control flow.

    look REGISTER: -- an instruction that reads it sees an interrupt that waits; and so does the return of an exception
    loop FILE `text`: N [bytes/…] -- the loop with an instruction of this source line goes round at most N times (of a
        long line its beginning, and …); of memcpy() and memset(), as the number of bytes says where it is a constant
    over FUNCTION: N -- what is longer than it should be: an account of its own, of at most N instructions, in which a
        list without a limit counts with what its note says
    either FUNCTIONS: OTHERS -- no way goes into one of these and one of those without a look in between
    beyond FUNCTION: -- no part of a straight run: where the general way begins

A loop that looks each time round needs no bound. Waiting for another core is no work of this one, and is counted as one
round. What panics is not counted: the kernel goes no further."""
import os
import re
import subprocess

from calls import Calls, base_name
from image import Image, fail
from notes import Notes
from observed import observe
from ways import LOOK, NEVER, NOTHING, Way, either, rounds, then
import loops

SOURCE = re.compile(r"/(kernel/(?:\w+\.c|include/kernel/\w+\.h|arch/.*))$")
PANIC = ("panic", "trap_unexpected", "machine_do_reset", "machine_do_power_off", "arch_core_offline")


SIZED = ("memcpy", "memset") # their third argument says how often their loops go round
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
    """`cost`: of each (function, once-notes under way, third argument if it is a constant) the longest ways through it
    (ways.py)."""

    def __init__(self, calls, notes, lines, beyond, looks=(), apart=(), without=frozenset()):
        """`beyond`: names of functions that the ways do not go into; `looks`: instructions that do; `apart`: functions
        of an account of their own; `without`: functions that no way goes into."""
        self.calls, self.lines, self.beyond, self.problems = calls, lines, beyond | set(PANIC), []
        self.looks, self.apart, self.without = looks, apart, without
        self.bounds = {}
        for note in notes.all("loop"):
            match = re.match(r"(\S+) `(.*)`$", note.name)
            if not match or not re.match(r"\d+( bytes[/%]\d+([/%]\d+)?)?$", " ".join(note.values)):
                fail(f"{note.place}: expected loop FILE `text`: N [bytes/N…] -- why")
            path, text = match.groups()
            texts = {text}
            if text.endswith("…"):
                texts = {whole for name, whole in set(lines.of.values())
                         if name == path and whole.startswith(text[:-1])}
            for whole in texts:
                self.bounds[(path, whole)] = note
        self.targets = {to for one in self.calls.image.code.values() for to in [one.target, *one.table]}
        self.shapes, self.cost, self.said = {}, {}, set()

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
            self.bounds[key].used = True
        return found

    def bounds_within(self, loop, found):
        inner = [other for other in found if other.head in loop.inside and len(other.inside) < len(loop.inside)]
        return set().union(*(self.own_bounds(other) for other in inner))

    def chosen(self, loop, found):
        """An outer loop has lines of an inner one, where that begins: those are not its own."""
        mine = self.own_bounds(loop)
        return mine - self.bounds_within(loop, found) or mine

    def rounds_of(self, key, third):
        """Of the loop with that line, where the function's third argument is `third`; None: not known."""
        values = self.bounds[key].values
        if third is None or len(values) == 1:
            return int(values[0])
        count, words = third, re.findall(r"([/%])(\d+)", values[1])
        for sign, number in words:
            count = count // int(number) if sign == "/" else count % int(number)
        return count

    def third_argument(self, site):
        """The constant that a call has in x2, if the instructions before it put one there."""
        for at in range(site - 4, site - 64, -4):
            one = self.calls.image.code.get(at)
            if one is None or one.is_call or one.is_end or at + 4 in self.targets:
                return None
            if re.match(r"[xw]2,", one.operands) and not one.name.startswith("st"):
                match = re.match(r"[xw]2, #(0x[0-9a-f]+|\d+)$", one.operands)
                return int(match.group(1), 0) if one.name == "mov" and match else None
        return None

    @staticmethod
    def ends_below(loop, successors):
        """Does it end only where it would go round again? Then N rounds go back N - 1 times."""
        return all(loop.head in successors[at] for at in loop.inside
                   if any(to not in loop.inside for to in successors[at]))

    def bound(self, start, loop, found, third=None):
        """How often it goes round, and the loop around it whose rounds these are: of a source loop that the compiler
        made two of, one in the other, both together go round as often as it says. An inner loop has lines of the outer
        one, where it ends."""
        mine = self.chosen(loop, found)
        if not mine and loop.head not in self.said:
            self.said.add(loop.head)
            places = sorted({f"{name} `{text}`" for name, text in
                             {self.lines.of[at] for at in loop.own if at in self.lines.of}})
            self.problems.append(f"{self.calls.image.name(start)} has a loop at {loop.head:x} without a bound; a note "
                                 "may name one of: " + "; ".join(places[:12]))
        around = [outer for outer in found if loop.head in outer.inside and len(outer.inside) > len(loop.inside)]
        rest = mine - set().union(*(self.chosen(outer, found) for outer in around))
        if not rest and mine:
            return 0, next(outer for outer in around if mine & self.chosen(outer, found))
        return max((self.rounds_of(key, third) for key in rest), default=0), None

    def all_from(self, root):
        work = [((root, frozenset(), None), False)]
        while work:
            node, done = work.pop()
            if node in self.cost:
                continue
            if done:
                self.measure(node)
                continue
            work.append((node, True))
            work += [(after, False) for _, after in self.callees(node) if after not in self.cost]
        return self.cost[(root, frozenset(), None)]

    def callees(self, node):
        start, once, _ = node
        for call in self.calls.calls[start]:
            if call.once is None or call.once not in once:
                for target in call.targets:
                    if base_name(self.calls.image.name(target)) not in self.beyond:
                        sized = base_name(self.calls.image.name(target)) in SIZED
                        yield call, (target, once | ({call.once} if call.once else set()),
                                     self.third_argument(call.site) if sized else None)

    def measure(self, node):
        """Loops, the inner ones first, become one place that costs as much as all of their rounds."""
        successors, nodes, found = self.shape(node[0])
        weight = {address: LOOK if address in self.looks else Way(1) for address in nodes}
        for call, after in self.callees(node):
            # Where a condition leads to another function's start, what that costs is on one of the two ways: a place
            # of its own, behind the branch.
            site, within = call.site, self.cost.get(after, NOTHING)
            if base_name(self.calls.image.name(after[0])) in self.apart:
                within = NOTHING
            elif base_name(self.calls.image.name(after[0])) in self.without:
                within = NEVER
            if self.calls.image.code[site].is_conditional:
                if -site not in weight:
                    successors = {**successors, site: [*successors[site], -site], -site: []}
                    weight[-site] = NOTHING
                weight[-site] = either(weight[-site], within.called(after))
            else:
                weight.setdefault(("calls", site), []).append(within.called(after))
        for key in [key for key in weight if isinstance(key, tuple)]:
            weight[key[1]] = then(weight[key[1]], either(*weight.pop(key)))
        group, merged = {address: address for address in weight}, {}
        for loop in found:
            if loop.tangled: # no order in it: all of it, each round
                places = {group[member] for member in loop.inside}
                around = Way(sum(max(weight[place].costs()) for place in places))
                out = NOTHING
            else:
                around = self.longest(loop.head, loop.inside, successors, group, weight, lambda to: to == loop.head)
                out = self.longest(loop.head, loop.inside, successors, group, weight, lambda to: to not in loop.inside)
            around = either(around, *merged.get(loop.head, ()))
            if around.possible():
                bound, outer = self.bound(node[0], loop, found, node[2]) if around.whole is not None else (0, None)
                if outer is not None:
                    merged.setdefault(outer.head, []).append(around)
                out = either(out, then(rounds(around, bound - (bound > 0 and self.ends_below(loop, successors))), out))
            weight[loop.head] = out
            for address in loop.inside:
                group[address] = loop.head
        self.cost[node] = self.longest(node[0], set(weight), successors, group, weight, None)

    @staticmethod
    def longest(start, inside, successors, group, weight, leaves):
        """The longest ways within `inside` from the group `start` on, to where `leaves` is true of what comes next; or,
        without it, to where nothing does."""
        members, after, ends = {}, {}, set()
        for address in inside:
            members.setdefault(group[address], []).append(address)
        for place, addresses in members.items():
            next_ones = {to for address in addresses for to in successors[address]}
            after[place] = {group[to] for to in next_ones if to in inside and group[to] not in (place, group[start])}
            if any(map(leaves, next_ones)) if leaves else not after[place]:
                ends.add(place)
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
            rest = either(*(best[to] for to in after[place] if to in best))
            best[place] = then(weight[place], either(rest, NOTHING) if place in ends else rest)
        return best[group[start]]


def used(calls, notes, word):
    names = {note.name for note in notes.all(word)}
    for name in names:
        notes.get(word, name).used = name in calls.by_name
    return names


def looking(image, notes):
    """The instructions that see an interrupt which waits."""
    found = set()
    for note in notes.all("look"):
        here = {at for at, one in image.code.items() if one.name == "mrs" and one.operands.endswith(f", {note.name}")}
        note.used = bool(here)
        found |= here
    return found


def told(longest, part, depth=6):
    """Where most of it is: the calls, from the outer ones inwards."""
    names = []
    while part is not None and part[1] and len(names) < depth:
        (node, kind, cost), often = max(part[1], key=lambda one: one[0][2] * one[1])
        names.append(f"{f'{often} x ' if often > 1 else ''}{base_name(longest.calls.image.functions[node[0]])} {cost}")
        part = longest.cost[node].kinds()[kind]
    return ", ".join(names) or "no calls"


def longest_of(all_ways, named):
    """The longest way of the functions for which `named` is true, by name: (instructions, what is told of it)."""
    found = {}
    for longest, (start, _, _), way in [(longest, *item) for longest in all_ways for item in longest.cost.items()]:
        name = base_name(longest.calls.image.functions.get(start, ""))
        part = max((part for part in way.kinds().values() if part is not None), key=lambda part: part[0], default=None)
        if part is not None and named(name) and part[0] > found.get(name, (0, ""))[0]:
            found[name] = (part[0], told(longest, part))
    return found


def check_apart(all_ways, notes, show):
    """The accounts of their own: each within what its note says."""
    problems, limits = [], {note.name: note for note in notes.all("over")}
    found = longest_of(all_ways, limits.get)
    if found:
        print("\naccounts of their own:")
    for name, (cost, way) in sorted(found.items(), key=lambda one: -one[1][0]):
        note = limits[name]
        print(f"{name:<28}{cost:>8} of {note.values[0]:>8}  {note.reason if not show else way}")
        if cost > int(note.values[0]):
            problems.append(f"{note.place}: {name} may take {cost} instructions without a look, more than "
                            f"{note.values[0]}: {way}")
    return problems


def analyses(calls, notes, lines, looks):
    """The kernel's ways, once for each choice of the functions that `either` notes leave out."""
    apart, chosen = used(calls, notes, "over"), [frozenset()]
    for note in notes.all("either"):
        sides = (note.name.split(), note.values)
        note.used = all(calls.by_name.get(name) for side in sides for name in side)
        chosen = [before.union(side) for before in chosen for side in sides]
    return [Longest(calls, notes, lines, set(), looks, apart, without) for without in chosen]


def report(options):
    """`build/bounds paths`. Returns problems."""
    image, notes = Image(options.kernel, options.objdump), Notes(options.notes)
    calls, lines = Calls(image, notes), Lines(image, options.source)
    beyond, looks = used(calls, notes, "beyond"), looking(image, notes)
    straight = Longest(calls, notes, lines, beyond)
    all_ways = analyses(calls, notes, lines, looks)
    vectors = {start: label for start, label in sorted(calls.entries.items()) if label.startswith("vectors+")}
    synchronous = [start for start, label in vectors.items() if label in SYNCHRONOUS]
    longest = max(max(straight.all_from(start).costs()) for start in synchronous)
    ways = [(part, whole) for whole in all_ways for start in vectors
            for part in whole.all_from(start).kinds().values() if part is not None]
    methods = longest_of(all_ways, lambda name: "_do_" in name)
    print(f"{'methods of kernel.idl, without a look':<44}{'at most':>8}")
    for name, (cost, way) in sorted(methods.items(), key=lambda one: -one[1][0])[:options.show]:
        print(f"{name:<44}{cost:>8}  {way}")
    problems = check_apart(all_ways, notes, options.show > 12)
    between, whole = max(ways, key=lambda one: one[0][0])
    print(f"\nstraight runs, from the vector to the return: at most {longest} instructions of {LIMIT}")
    print(f"any way from one look for interrupts to the next: at most {between[0]} instructions of {LIMIT}\n"
          f"  the longest: {told(whole, between)}")
    problems += list(dict.fromkeys(one for of in (calls, straight, *all_ways) for one in of.problems))
    problems += notes.unused(("loop", "beyond", "over", "look", "either"))
    for what, cost in (("a straight run", longest), ("a way from one look for interrupts to the next", between[0])):
        if cost > LIMIT:
            problems.append(f"{what} may take {cost} instructions, more than {LIMIT}")
    if options.observe:
        seen = observe(options, image, set(vectors), beyond, looks)
        if seen.runs == 0:
            fail("nothing was seen: does manifest/bench.dts boot?")
        ratio = longest / max(seen.straight[0], 1)
        print(f"seen in {seen.runs} ways through the kernel: straight {seen.straight[0]} instructions, computed are "
              f"{ratio:.2f} times that; from one look to the next {seen.between[0]}, with accounts of their own, by\n  "
              f"{', '.join(dict.fromkeys(seen.between[1]))}")
        if seen.straight[0] > longest:
            problems.append(f"a straight run of {seen.straight[0]} instructions was seen, by "
                            f"{', '.join(seen.straight[1])}: more than was computed")
        if ratio > RATIO:
            problems.append(f"computed is {ratio:.2f} times what was seen, more than {RATIO}")
    return problems

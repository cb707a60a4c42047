"""Who calls whom in a kernel's image, at which depth of the stack.

Calls by pointer are resolved by notes:

    indirect FUNCTION COUNT: targets… -- the COUNT calls by pointer in FUNCTION go to these functions; [NAME] stands
        for all functions that the table NAME has, as the image says
    taken FUNCTION: -- its address is a value somewhere, but nothing in the kernel calls it by that
    once FUNCTION: -- its calls by pointer are not made again while one of them is under way
    entry NAME: offsets… -- the hardware starts there: code that may set the stack pointer as it likes

What the notes say is checked against the image: the number of calls, and that the functions whose address is a value
anywhere are the notes' targets and those of `taken`, no more and no fewer."""
import re

WORDS = ("indirect", "taken", "once", "entry")


def base_name(name):
    """Without what the compiler adds to the names of parts, copies and statics."""
    return re.sub(r"(\.(constprop|part|isra|cold|\d+))+(\.\d+)*$", "", name)


class Call:
    """`depth`: of the stack in the caller's frame, in bytes. `once`: the name of the caller, if a note says so."""

    def __init__(self, site, depth, targets, once):
        self.site, self.depth, self.targets, self.once = site, depth, targets, once


class Calls:
    def __init__(self, image, notes):
        self.image, self.notes, self.problems = image, notes, []
        self.by_name = {}
        for name, places in image.symbols.items():
            starts = [start for start, _ in places if start in image.functions]
            self.by_name.setdefault(base_name(name), []).extend(starts)
        self.indirect, self.returning = {}, set(image.functions)
        self.resolve()
        self.entries = self.find_entries()
        self.frames, self.calls = {}, {}
        self.find_returning()
        self.problems += notes.unused(WORDS)

    def addresses(self, note, name):
        if not self.by_name.get(name):
            self.problems.append(f"{note.place}: the image has no function {name}")
        return self.by_name[name] if name in self.by_name else []

    def table(self, note, name):
        """The functions that a table in the data has."""
        found = set()
        for symbol, places in self.image.symbols.items():
            if base_name(symbol) == name:
                for start, size in places:
                    words = [self.image.word(at) for at in range(start, start + size - 7, 8)]
                    found |= {word for word in words if word in self.image.functions}
        if not found:
            self.problems.append(f"{note.place}: the image has no table {name} of functions")
        return found

    def resolve(self):
        sites = {}
        for address, one in self.image.code.items():
            if one.name == "blr" or (one.name == "br" and not one.table):
                sites.setdefault(base_name(self.image.name(address)), []).append(address)
        targets_of_all = set()
        for name, places in sorted(sites.items()):
            note = self.notes.get("indirect", f"{name} {len(places)}")
            if note is None:
                self.problems.append(f"{name} has {len(places)} calls by pointer, and {self.notes.path} no note "
                                     f"`indirect {name} {len(places)}`")
                continue
            targets = set()
            for value in note.values:
                targets |= set(self.table(note, value[1:-1]) if value[0] == "[" else self.addresses(note, value))
            self.indirect.update((place, sorted(targets)) for place in places)
            targets_of_all |= targets
        for note in self.notes.all("taken"):
            places = [place for place in self.addresses(note, note.name) if place in self.image.taken]
            note.used = bool(places)
            targets_of_all |= set(places)
        for address in sorted(set(self.image.taken) - targets_of_all):
            where = self.image.taken[address][0]
            self.problems.append(f"the address of {self.image.functions[address]} is a value at {where:x}"
                                 f"{' in ' + self.image.name(where) if where in self.image.code else ''}, "
                                 "and no note says who calls it by that")
        for address in sorted(targets_of_all - set(self.image.taken)):
            self.problems.append(f"a note has {self.image.functions[address]} called by pointer, but nothing in the "
                                 "image has its address")

    def find_entries(self):
        entries = {}
        for note in self.notes.all("entry"):
            for start in self.addresses(note, note.name):
                note.used = True
                for offset in note.values or ["0"]:
                    label = note.name if offset == "0" else f"{note.name}+{offset}"
                    entries[start + int(offset, 0)] = label
        return entries

    def targets(self, one):
        """Functions that the instruction calls, by a call or by a jump to another function's start."""
        if one.address in self.indirect:
            return self.indirect[one.address]
        if one.name == "bl" or (one.target in self.image.functions and
                           self.image.function_at(one.address) != one.target and
                           not self.image.functions[one.target].endswith(".cold")):
            return [one.target]
        return []

    def successors(self, one):
        """Where it goes on in the same function: not into what it calls."""
        targets = self.targets(one)
        if one.is_call:
            return [one.address + 4] if not targets or any(target in self.returning for target in targets) else []
        follow = [] if one.is_end else [one.address + 4]
        if not targets:
            follow += one.table + ([one.target] if one.target is not None else [])
        return follow

    def find_returning(self):
        """Which functions return. What follows the call of another one is somebody else's code."""
        problems = self.problems
        while True:
            self.frames, self.calls, self.problems = {}, {}, problems[:]
            returning = {start for start in self.image.functions if self.walk(start)}
            if returning == self.returning:
                break
            self.returning = returning
        for start in self.entries:
            self.walk(start)

    def note_problem(self, text):
        if text not in self.problems:
            self.problems.append(text)

    def walk(self, start):
        """Notes the function's frame and calls; does it return?"""
        image, depths, returns, calls, deepest = self.image, {start: 0}, False, [], 0
        waiting = [start]
        assembly = self.image.sizes.get(self.image.function_at(start), 0) == 0
        while waiting:
            one = image.code.get(waiting.pop())
            depth = depths[one.address]
            targets = self.targets(one)
            if targets or one.is_call:
                name = base_name(image.name(one.address))
                once = name if one.address in self.indirect and self.notes.get("once", name) else None
                calls.append(Call(one.address, depth, targets, once))
                returns |= not one.is_call and any(target in self.returning for target in targets)
            returns |= one.name == "ret"
            change = one.stack_bytes()
            if change is None and not assembly:
                self.note_problem(f"{image.name(one.address)} sets its stack pointer: {one.text}")
            after = 0 if change is None else depth + change
            deepest = max(deepest, after)
            if one.name == "ret" and depth != 0:
                self.note_problem(f"{image.name(one.address)} returns {depth} bytes deep")
            for address in self.successors(one):
                if address not in image.code:
                    self.note_problem(f"{image.name(one.address)} runs into {address:x}, where no code is")
                elif address not in depths:
                    depths[address] = after
                    waiting.append(address)
                elif depths[address] != after:
                    self.note_problem(f"{image.name(address)}: two depths of the stack at {address:x}")
        self.frames[start], self.calls[start] = deepest, calls
        return returns

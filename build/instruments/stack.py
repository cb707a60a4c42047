"""The deepest that a kernel's stack can get: calls.py's graph, and the frames that the instructions make."""
import glob
import os
import re

from calls import Calls, base_name
from image import Image, fail
from notes import Notes

CORES, PAGE_BYTES = 8, 4096 # SK_MAX_CORES; the page below each stack is not mapped


def search(calls):
    """The deepest way from each (function, once-notes under way): (bytes, call, next); or circles."""
    deepest, circles = {}, []
    path, on_path = [], {}
    for root in calls.entries:
        work = [((root, frozenset()), None)]
        while work:
            node, step = work.pop()
            if step is not None:
                # Its callees are done.
                on_path.pop(node)
                path.pop()
                deepest[node] = best(calls, deepest, node)
                continue
            if node in deepest:
                continue
            if node in on_path:
                circles.append([place[0] for place in path[on_path[node]:]] + [node[0]])
                continue
            on_path[node] = len(path)
            path.append(node)
            work.append((node, True))
            work += [(after, None) for _, after in callees(calls, node) if after not in deepest]
    return deepest, circles


def callees(calls, node):
    start, once = node
    for call in calls.calls[start]:
        if call.once is None:
            for target in call.targets:
                yield call, (target, once)
        elif call.once not in once:
            for target in call.targets:
                yield call, (target, once | {call.once})


def best(calls, deepest, node):
    result = (calls.frames[node[0]], None, None)
    for call, after in callees(calls, node):
        if after in deepest and call.depth + deepest[after][0] > result[0]:
            result = (call.depth + deepest[after][0], call, after)
    return result


def way(calls, deepest, root):
    """The deepest way from there: (function's name, depth of its frame where it calls the next)."""
    node, steps = (root, frozenset()), []
    while node is not None:
        _, call, after = deepest[node]
        steps.append((name_of(calls, node[0]), calls.frames[node[0]] if call is None else call.depth))
        node = after
    return steps


def name_of(calls, start):
    return calls.entries.get(start) or base_name(calls.image.name(start))


def compiler_frames(folder):
    """What -fstack-usage says: the sizes of frames by name, and the functions whose frame is not of one size."""
    frames, moving = {}, []
    for path in glob.glob(os.path.join(folder, "**/*.su"), recursive=True):
        with open(path, encoding="utf-8") as file:
            for line in file:
                place, size, kind = line.rstrip("\n").split("\t")
                name = place.rsplit(":", 1)[1]
                frames.setdefault(base_name(name), set()).add(int(size))
                if kind != "static":
                    moving.append(f"{name} ({kind})")
    return frames, moving


def compare_frames(calls, folder):
    """Do the instructions make the frames that the compiler says they make?"""
    frames, moving = compiler_frames(folder)
    problems = [f"the compiler says that the frame of {name} is not of one size" for name in moving]
    compared = 0
    for start, frame in calls.frames.items():
        name = base_name(calls.image.functions.get(start, ""))
        if calls.image.sizes.get(start, 0) == 0:
            continue
        if name not in frames:
            problems.append(f"the compiler says nothing of the frame of {name}: was it built with -fstack-usage?")
        elif frame not in frames[name]:
            problems.append(f"{name} has {frame} bytes of stack, the compiler says {sorted(frames[name])}")
        else:
            compared += 1
    return problems, compared


def stack_size(image, header):
    """Bytes of a core's stack that are mapped. The image must have as many for each core as the header says."""
    with open(header, encoding="utf-8") as file:
        match = re.search(r"#define KERNEL_STACK_BYTES (\d+) +/\* per core, the lowest page unmapped \*/", file.read())
    if not match:
        fail(f"{header} does not say what a stack has")
    size = int(match.group(1))
    start = image.symbols["kernel_stacks"][0][0]
    behind = min((place for places in image.symbols.values() for place, _ in places if place > start))
    if behind - start < CORES * size:
        fail(f"the image has {behind - start} bytes for stacks, {header} says {CORES} times {size}")
    return size - PAGE_BYTES


def report(options):
    """`build/bounds stack`. Returns problems."""
    image = Image(options.kernel, options.objdump)
    calls = Calls(image, Notes(options.notes))
    problems = list(calls.problems)
    deepest, circles = search(calls)
    for circle in circles:
        problems.append("recursion: " + " > ".join(name_of(calls, start) for start in circle))
    more, compared = compare_frames(calls, options.frames)
    problems += more
    size = stack_size(image, options.image_header)
    worst = max(calls.entries, key=lambda root: deepest[(root, frozenset())][0])
    bound = deepest[(worst, frozenset())][0]
    print(f"functions: {len(calls.frames)}, frames compared with the compiler's: {compared}, "
          f"calls by pointer: {len(calls.indirect)}, each resolved")
    print(f"{'entered at':<20}{'bytes':>7}")
    for root, label in sorted(calls.entries.items()):
        print(f"{label:<20}{deepest[(root, frozenset())][0]:>7}")
    print(f"the deepest way, from {calls.entries[worst]}:")
    for name, depth in way(calls, deepest, worst):
        print(f"{depth:>7}  {name}")
    if not circles:
        print("recursion: none")
    print(f"stack: at most {bound} bytes of {size}")
    if bound > size:
        problems.append(f"the stack may need {bound} bytes, and a core has {size}")
    return problems

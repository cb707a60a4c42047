"""The loops of a function: which instructions are in each, and which loops are in which."""


class Loop:
    """`head`: its first instruction, through which alone it is entered; unless it is `tangled`: it has other entries.
    `inside`: the addresses in it. `own`: those that are not in a loop within it."""

    def __init__(self, head):
        self.head, self.inside, self.own, self.tangled = head, {head}, set(), False


def order(start, successors):
    """Reverse post-order of what is reached."""
    done, seen, work = [], {start}, [(start, iter(successors[start]))]
    while work:
        node, rest = work[-1]
        after = next(rest, None)
        if after is None:
            done.append(node)
            work.pop()
        elif after not in seen:
            seen.add(after)
            work.append((after, iter(successors[after])))
    return done[::-1]


def dominators(nodes, before):
    """Each node's immediate dominator (Cooper, Harvey, Kennedy)."""
    number = {node: i for i, node in enumerate(nodes)}
    above = {nodes[0]: nodes[0]}
    changed = True
    while changed:
        changed = False
        for node in nodes[1:]:
            known = [other for other in before[node] if other in above]
            best = known[0]
            for other in known[1:]:
                while best != other:
                    if number[best] > number[other]:
                        best = above[best]
                    else:
                        other = above[other]
            if above.get(node) != best:
                above[node] = best
                changed = True
    return above


def between(first, last, successors, before):
    """What lies on ways from `first` back to `first` by way of `last`."""
    reached = []
    for ways, start in ((successors, first), (before, last)):
        seen, work = {start}, [start]
        while work:
            for after in ways[work.pop()]:
                if after not in seen:
                    seen.add(after)
                    work.append(after)
        reached.append(seen)
    return reached[0] & reached[1]


def find(start, successors):
    """What is reached, in reverse post-order; and the loops, the inner ones first."""
    nodes = order(start, successors)
    number = {node: i for i, node in enumerate(nodes)}
    before = {node: [] for node in nodes}
    for node in nodes:
        for after in successors[node]:
            before[after].append(node)
    above = dominators(nodes, before)
    loops = {}
    for node in nodes:
        for after in successors[node]:
            if number[after] > number[node]:
                continue
            at = node
            while at not in (after, above[at]):
                at = above[at]
            loop = loops.setdefault(after, Loop(after))
            if at != after:
                loop.tangled = True
                loop.inside |= between(after, node, successors, before)
                continue
            work = [node]
            while work:
                member = work.pop()
                if member not in loop.inside:
                    loop.inside.add(member)
                    work += before[member]
    # Of two with the same inside one is all there is to know; the tangled one, if one is.
    same = {frozenset(loop.inside): loop for loop in sorted(loops.values(), key=lambda loop: loop.tangled)}
    found = sorted(same.values(), key=lambda loop: len(loop.inside))
    for i, loop in enumerate(found):
        loop.own = set(loop.inside)
        for inner in found[:i]:
            if inner.head in loop.inside:
                loop.own -= inner.inside
    return nodes, found

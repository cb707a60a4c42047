"""Ways through a piece of code, as the longest of each kind: what there is to add up where looks for interrupts are in
between. A kind is a pair of the instructions and of the calls that they are in, or None: there is no such way."""


def add(*parts):
    return None if None in parts else (sum(part[0] for part in parts), sum((part[1] for part in parts), ()))


def times(part, count):
    return None if part is None else (part[0] * count, tuple((what, count * often) for what, often in part[1]))


def longest(*parts):
    return max((part for part in parts if part is not None), key=lambda part: part[0], default=None)


class Way:
    """`whole`: from its beginning to its end without a look. `first`: from the beginning to the first look. `last`:
    from the last look to the end. `inner`: from one look to the next."""

    def __init__(self, whole=None, first=None, last=None, inner=None):
        self.whole = (whole, ()) if isinstance(whole, int) else whole
        self.first, self.last, self.inner = first, last, inner

    def kinds(self):
        return {"whole": self.whole, "first": self.first, "last": self.last, "inner": self.inner}

    def costs(self):
        return [part[0] for part in self.kinds().values() if part is not None] or [0]

    def possible(self):
        return any(part is not None for part in self.kinds().values())

    def called(self, what):
        """The same, of which the caller knows that it is a call of `what`."""
        return Way(*(None if part is None else (part[0], (((what, kind, part[0]), 1),))
                     for kind, part in self.kinds().items()))


NOTHING = Way(0)
NEVER = Way()
LOOK = Way(None, (1, ()), (0, ()), None)


def then(one, two):
    return Way(add(one.whole, two.whole), longest(one.first, add(one.whole, two.first)),
               longest(two.last, add(one.last, two.whole)), longest(one.inner, two.inner, add(one.last, two.first)))


def either(*ways):
    return Way(*(longest(*(way.kinds()[kind] for way in ways)) for kind in ("whole", "first", "last", "inner")))


def rounds(way, count):
    """It comes again and again, at most `count` times without a look between two that look."""
    silent = times(way.whole, count) if way.whole is not None else (0, ())
    inner = longest(way.inner, add(way.last, silent, way.first))
    return Way(silent, add(silent, way.first), add(way.last, silent), inner)

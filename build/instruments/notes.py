"""A file of notes on a kernel's image: what can't be read from its instructions, each with a reason.

    WORD NAME: values -- the reason, which may go on
        on lines that begin with white space
Lines that begin with # are comments. What the words mean is said by those who ask for them. A note that nobody used
says something of a kernel that is no more, and is an error."""
import os
import re

from image import fail


class Note:
    def __init__(self, place, word, name, text):
        self.place, self.word, self.name, self.used = place, word, name, False
        values, dashes, self.reason = text.partition("--")
        self.values, self.reason = values.split(), self.reason.strip()
        if not dashes or not self.reason:
            fail(f"{place}: a note without a reason")


def logical_lines(path):
    """Lines that are no comments, with what goes on behind them; and the number of each."""
    if not os.path.exists(path):
        fail(f"there is no {path}")
    lines = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            if line[:1].isspace() and lines and line.strip():
                lines[-1][1] += " " + line.strip()
            elif line.strip() and not line.startswith("#"):
                lines.append([number, line])
    return lines


class Notes:
    def __init__(self, path):
        self.path, self.notes = path, []
        for number, line in logical_lines(path):
            match = re.match(r"(\w+) ([^:]+):(.*)$", line)
            if not match:
                fail(f"{path}:{number}: expected WORD NAME: values -- reason")
            self.notes.append(Note(f"{path}:{number}", *match.groups()))

    def all(self, word):
        return [note for note in self.notes if note.word == word]

    def get(self, word, name):
        """The note, which is used then; or None."""
        found = [note for note in self.notes if note.word == word and note.name == name]
        for note in found:
            note.used = True
        return found[0] if found else None

    def unused(self, words):
        return [f"{note.place}: {note.word} {note.name}: the image has nothing that this is about"
                for note in self.notes if note.word in words and not note.used]

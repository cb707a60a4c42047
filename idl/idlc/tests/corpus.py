"""Reads the test corpora: many small IDL files with the messages that they must give.

    === name            a case; its text is written to name.idl
    IDL text            \\xNN stands for that byte
    +++ other.idl       a further file of the same case
    >>> [file.idl]      (released.txt) what was above was released; this is today's text
    ---
    line:col: message   of name.idl, or file:line:col: message; no lines: no errors

Lines before the first `===` are for people. A released text whose lines begin
with `!` is a dump as it stands, not IDL.
"""
import re


class Case:
    def __init__(self, name):
        self.name = name
        self.released = None
        self.files = {name + ".idl": []}
        self.messages = []

    def path_of(self, message):
        return message if re.match(r"[\w.-]+:\d+:\d+: ", message) else f"{self.name}.idl:{message}"


def to_bytes(lines):
    text = "".join(line + "\n" for line in lines).encode()
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]), text)


def read(path):
    cases, case, current = [], None, None
    for line in path.read_text().splitlines():
        if line.startswith("=== "):
            case = Case(line[4:])
            current = case.files[case.name + ".idl"]
            cases.append(case)
        elif case is None:
            continue
        elif line.startswith("+++ "):
            name, _, note = line[4:].partition(" ")
            current = case.files[name] = None if note else []
        elif line.startswith(">>>"):
            case.released = case.files.pop(case.name + ".idl")
            current = case.files[line[4:] or case.name + ".idl"] = []
        elif line == "---":
            current = case.messages
        elif current is not None and (line or current is not case.messages):
            current.append(line)
    for case in cases:
        case.files = {name: None if text is None else to_bytes(text) for name, text in case.files.items()}
        case.messages = [case.path_of(line) for line in case.messages]
    return cases

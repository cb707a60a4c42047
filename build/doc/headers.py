"""Reads a C header of ours: its opening prose, and its declarations with the comments that belong to them.

A comment belongs to the declaration behind it on its line, or to the group of declarations that follows it without an
empty line. That is how these headers are written, so nothing has to be marked up in them.
"""
import re

NAME = re.compile(r"[A-Za-z_]\w*")
SKIPPED_CALLS = {"__attribute__", "_Alignas", "format", "printf", "aligned", "section", "alias"}


class Declaration:
    """`text` is the source, a function's body left out; `names` are what it declares; `line` is counted from 1."""

    def __init__(self, kind, names, text, line):
        self.kind, self.names, self.text, self.line = kind, names, text, line
        self.trailing = ""


class Group:
    """Declarations without an empty line between them, and the comment above the first."""

    def __init__(self, comment):
        self.comment = comment
        self.declarations = []


class Header:
    def __init__(self, path, name, prose, groups):
        self.path, self.name, self.prose, self.groups = path, name, prose, groups

    def declarations(self):
        for group in self.groups:
            yield from group.declarations

    def bare(self):
        """Declarations that no comment belongs to."""
        for group in self.groups:
            for declaration in group.declarations:
                if not group.comment and not declaration.trailing and "/*" not in declaration.text:
                    yield declaration


def comment_text(comment):
    """The words of one comment, line by line, without its frame."""
    if comment.startswith("//"):
        return comment.lstrip("/").strip()
    lines = comment[2:-2].split("\n")
    lines = [re.sub(r"^\s*\* ?", "", line) if i else line for i, line in enumerate(lines)]
    lines = [line.rstrip().replace("\t", "    ") for line in lines]
    lines[0] = lines[0].strip()
    return "\n".join(lines).strip("\n")


def skip_literal(text, at):
    """Behind the string, character or comment that begins at `at`; `at` itself where none does."""
    if text.startswith("/*", at):
        return text.index("*/", at) + 2
    if text.startswith("//", at):
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    if text[at] in "\"'":
        end = at + 1
        while text[end] != text[at]:
            end += 2 if text[end] == "\\" else 1
        return end + 1
    return at


def directive_end(text, at):
    while at < len(text) and text[at] != "\n":
        if text[at] == "\\" and text[at + 1] == "\n":
            at += 2
            continue
        after = skip_literal(text, at) if text.startswith(("/*", "//", '"'), at) else at
        at = after if after > at else at + 1
    return at


def declaration_end(text, at):
    """Behind the `;` or the function body that ends the declaration, and where that body begins or -1."""
    depth, last, body = 0, "", -1
    while at < len(text):
        after = skip_literal(text, at)
        if after > at:
            at = after
            continue
        char = text[at]
        if char == "{" and depth == 0 and last == ")":
            body = at
        depth += (char in "({[") - (char in ")}]")
        at += 1
        if depth == 0 and (char == ";" or (char == "}" and body >= 0)):
            return at, body
        last = char if not char.isspace() else last
    raise ValueError("a declaration does not end")


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def declared_names(text, is_function):
    """The kind of a declaration and the names that it brings; ("", []) for one that is nobody's to use."""
    code = without_comments(text)
    tagged = re.match(r"\s*(?:typedef\s+)?(struct|union|enum)\b(?:\s*__attribute__\(\(.*?\)\))?\s*(\w*)\s*\{", code)
    if tagged and not is_function:
        names = [tagged.group(2)] if tagged.group(2) else []
        if tagged.group(1) == "enum":
            body = re.sub(r"=[^,}]*", "", code[code.index("{") + 1:code.rindex("}")])
            names += NAME.findall(body)
        if code.lstrip().startswith("typedef"):
            names += NAME.findall(code[code.rindex("}"):])[:1]
        return tagged.group(1), names
    if re.match(r"\s*_Static_assert\b", code) or re.fullmatch(r"\s*(struct|union|enum)\s+\w+\s*;", code):
        return "", []
    if code.lstrip().startswith("typedef"):
        pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", code)
        return "typedef", [pointer.group(1) if pointer else NAME.findall(re.split(r"[\[(]", code)[0])[-1]]
    for call in re.finditer(r"(\w+)\s*\(", code):
        if call.group(1) not in SKIPPED_CALLS:
            return "function", [call.group(1)]
    return "variable", [NAME.findall(re.split(r"[\[=]", code)[0])[-1]]


class Reader:
    def __init__(self, text):
        self.text, self.groups, self.prose = text, [], ""
        self.pending, self.group, self.previous = "", None, None
        self.guard = re.search(r"#ifndef (\w+)\n#define \1\n", text)

    def comment(self, at):
        end = skip_literal(self.text, at)
        words = comment_text(self.text[at:end])
        if self.previous is not None and "\n" not in self.text[self.previous_end:at]:
            self.previous.trailing = words
        elif not self.prose and not self.groups and self.guard and at < self.guard.start():
            self.prose = words
        else:
            self.group, self.pending = None, words
        return end

    def add(self, kind, names, source, at):
        if self.group is None:
            self.group = Group(self.pending)
            self.groups.append(self.group)
            self.pending = ""
        self.previous = Declaration(kind, names, source, self.text.count("\n", 0, at) + 1)
        self.group.declarations.append(self.previous)

    def directive(self, at):
        end = directive_end(self.text, at)
        source = self.text[at:end]
        macro = re.match(r"#\s*define\s+(\w+)", source)
        if macro and not (self.guard and macro.group(1) == self.guard.group(1)):
            self.add("macro", [macro.group(1)], source, at)
        elif not macro:
            self.group, self.pending, self.previous = None, "", None
        return end

    def declaration(self, at):
        end, body = declaration_end(self.text, at)
        source = self.text[at:end] if body < 0 else self.text[at:body].rstrip() + ";"
        kind, names = declared_names(source, body >= 0)
        if names:
            self.add(kind, names, source, at)
        return end

    def read(self):
        at = 0
        while at < len(self.text):
            space = re.compile(r"\s*").match(self.text, at)
            if "\n\n" in space.group():
                self.group, self.pending, self.previous = None, "", None
            at = space.end()
            if at == len(self.text):
                break
            if self.text.startswith(("/*", "//"), at):
                at = self.comment(at)
            elif self.text[at] == "#":
                at = self.directive(at)
            else:
                at = self.declaration(at)
            self.previous_end = at


def read(path, name):
    with open(path, encoding="utf-8") as file:
        reader = Reader(file.read())
    reader.read()
    return Header(path, name, reader.prose, reader.groups)

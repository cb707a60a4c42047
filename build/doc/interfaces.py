"""A page for each file of idl/: what idlc writes about it, and who serves and uses what is in it."""
import html
import json
import os
import re

import pages

SENT_BY_KERNEL = {"vm_exit", "thread_fault", "plan"}


class Users:
    """Who dispatches an interface and who calls it, by what the sources of the tree say."""

    def __init__(self, source):
        self.texts = {}
        for top in ("servers", "libs", "apps"):
            for folder, folders, files in os.walk(os.path.join(source, top)):
                folders[:] = [name for name in folders if name != "tests"]
                for name in files:
                    if name.endswith((".c", ".h")):
                        path = os.path.join(folder, name)
                        part = "/".join(os.path.relpath(path, source).split("/")[:2])
                        with open(path, encoding="utf-8") as file:
                            text = re.sub(r"/\*.*?\*/", " ", file.read(), flags=re.S)
                        self.texts[part] = self.texts.get(part, "") + text

    def of(self, pattern):
        return sorted(part for part, text in self.texts.items() if re.search(pattern, text))

    def servers(self, interface):
        return self.of(rf"\b{interface}_dispatch\(")

    def clients(self, file, interface):
        calls = "|".join(method["name"] for method in interface["methods"])
        name, tags = interface["name"], calls.upper()
        stubs = [part for part in self.of(rf"#include <sk/idl/{file}_client\.h>")
                 if re.search(rf"\b{name}_({calls})\(", self.texts[part])]
        by_tag = [part for part in self.of(rf"\b{name.upper()}_TAG_({tags})\b") if part not in self.servers(name)]
        return sorted({*stubs, *by_tag})


def listed(parts):
    return ", ".join(f"`{part}`" for part in parts) or "nobody"


FIELD = re.compile(r"^\s*(?:error \{)?\s*(\w+)(?::\s*[^;]+;|\s*=\s*\w+,?)\s*// ?(.*)$")
OPENS = re.compile(r"^\s*(?:persistent )?(struct|enum|flags|error|interface|kernel interface)\b\s*(\w*)[^{]*\{")


def field_comments(text):
    """What a plain comment behind a field or a member says: (type, field) to words. idlc takes `///` alone."""
    found, scope, last = {}, "", None
    for line in text.split("\n"):
        opens, field = OPENS.match(line), FIELD.match(line)
        if opens and "}" not in line:
            scope = "errors" if opens.group(1) == "error" else opens.group(2)
        more = re.match(r"^\s{12,}// ?(.*)$", line)
        if field:
            last = (scope, field.group(1))
            found[last] = field.group(2).strip()
        elif more and last:
            found[last] += " " + more.group(1).strip()
        else:
            last = None
    return found


def with_field_comments(text, comments):
    """idlc's page, in whose tables empty cells say what stands behind the field in the source."""
    lines, scope = text.split("\n"), ""
    for i, line in enumerate(lines):
        heading = re.match(r"#+ (?:(?:persistent )?\w+ `(\w+)`|(errors))", line)
        row = re.match(r"\| (?:\d+ \| )?`(\w+)` \|.*\|  \|$", line)
        if heading:
            scope = heading.group(1) or heading.group(2)
        elif row and (scope, row.group(1)) in comments:
            words = comments[scope, row.group(1)].replace("|", "\\|")
            lines[i] = line.removesuffix("  |") + f" {words} |"
    return "\n".join(lines)


def travel(message):
    text = f'{message["words"]} word{"" if message["words"] == 1 else "s"}'
    if message["bytes"]:
        text += f', {message["bytes"]} bytes'
    if message["capabilities"]:
        text += f', {message["capabilities"]} cap.'
    return text


def duration(ns):
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 1000)):
        if ns and ns % size == 0:
            return f"{ns // size} {unit}"
    return f"{ns} ns" if ns else ""


def summary(file, interface, users):
    """The table of methods, who serves them and who calls, as Markdown."""
    name, lines = interface["name"], []
    if interface["kernel"]:
        lines.append("Served by the kernel.")
    elif name in SENT_BY_KERNEL:
        lines.append(f"Sent by the kernel; served by {listed(users.servers(name))}.")
    else:
        lines.append(f"Served by {listed(users.servers(name))}.")
    if name not in SENT_BY_KERNEL:
        lines[0] += f" Called by {listed(users.clients(file, interface))}."
    if interface["methods"]:
        lines += ["", "| method | tag | sent | answered | after a restart | budget | |", "|---|---|---|---|---|---|---|"]
    for method in interface["methods"]:
        again = {"idempotent": "again", "at_most_once": "SERVER_DIED"}.get(method["restart"], "")
        first = re.split(r"(?<=\.)\s", (method["doc"] or "").replace("\n", " "))[0]
        cells = [f'[`{method["name"]}`](#{anchor(method)})', f'0x{method["tag"]:04x}', travel(method["parameters"]),
                 "-" if method["oneway"] else travel(method["results"]), again, duration(method["budget_ns"]),
                 first.replace("|", "\\|")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def anchor(method):
    return pages.slug(f'{method["name"]} = {method["number"]}')


def note(site, what, doc):
    if not doc:
        site.problem(f"{what} has no comment")


def check_comments(site, data):
    file = f'idl/{data["file"]}.idl'
    note(site, file, data["doc"])
    for declaration in data["types"]:
        if declaration["kind"] in ("struct", "flags"):
            note(site, f'{file}: {declaration["kind"]} {declaration["name"]}', declaration["doc"])
    for interface in data["interfaces"]:
        note(site, f'{file}: interface {interface["name"]}', interface["doc"])
        for method in interface["methods"]:
            note(site, f'{file}: {interface["name"]}.{method["name"]}', method["doc"])


def load(gen):
    found = []
    for name in sorted(os.listdir(gen)):
        if name.endswith(".json"):
            with open(os.path.join(gen, name), encoding="utf-8") as file:
                found.append(json.load(file))
    return found


def index(site, data):
    """C names that idlc makes of the file: where its page explains them."""
    page = pages.interface_page(data["file"])
    for kind in ("", "_client", "_server", "_exit", "_kernel", "_persistent", "_names", "_mock", "_trace"):
        site.headers[f'sk/idl/{data["file"]}{kind}.h'] = page
    for interface in data["interfaces"]:
        name, seen = interface["name"], set()
        for method in interface["methods"]:
            if method["name"] in seen:
                continue
            to = f"{page}#{anchor(method)}"
            for text in (f'{name}_{method["name"]}', f'{name}_serve_{method["name"]}', f'{name}_do_{method["name"]}',
                         f'{name}.{method["name"]}', f'{name}_{method["name"]}_message'):
                site.index.setdefault(text, to)
        site.index.setdefault(f"{name}_dispatch", page)
    for declaration in data["types"]:
        prefix = declaration["scope"] or "sk"
        words = ("persistent " if declaration.get("version") else "") + declaration["kind"]
        at = pages.slug(f'{words} {declaration["name"]}')
        if declaration.get("version"):
            at += f'-version-{declaration["version"]}'
        elif declaration["kind"] in ("enum", "flags"):
            at += f'-{declaration["base"]}'
        site.index.setdefault(f'{prefix}_{declaration["name"]}', f"{page}#{at}")


def add(site, gen, data, users):
    file = data["file"]
    with open(os.path.join(gen, file + ".md"), encoding="utf-8") as source:
        text = source.read()
    check_comments(site, data)
    with open(os.path.join(site.source, "idl", file + ".idl"), encoding="utf-8") as source:
        text = with_field_comments(text, field_comments(source.read()))
    made = ", ".join(f"`sk/idl/{file}{kind}.h`" for kind in ("", "_client", "_server"))
    text = text.replace("Generated by idlc; do not edit.",
                        f"From [idl/{file}.idl](../../idl/{file}.idl); in C: {made} and others "
                        "([the language](../idlc/LANGUAGE.md)).", 1)
    for interface in data["interfaces"]:
        mark = f'Hash `{interface["hash"]}`.\n'
        if mark not in text:
            site.problem(f"idl/{file}.idl: idlc's page does not have interface {interface['name']}")
        text = text.replace(mark, mark + "\n" + summary(file, interface, users) + "\n", 1)
    page = pages.interface_page(file)
    body = site.markdown(text, f"idl/{file}.idl")
    body = site.relink(body, f"idl/{file}/page.md")
    site.add(page, f"{file}.idl", link_types(body, data))


def link_types(body, data):
    """Types of the file, where signatures and tables name them."""
    local = {}
    for found in re.finditer(r'id="([^"]*)">(?:persistent )?(?:struct|enum|flags|newtype) <code>(\w+)</code>', body):
        local.setdefault(found.group(2), found.group(1))

    def word(found):
        name = found.group(0)
        return f'<a href="#{local[name]}">{name}</a>' if name in local else name

    def code(found):
        return found.group(1) + pages.WORD.sub(word, found.group(2)) + found.group(3)

    body = re.sub(r"(<pre><code>)(.*?)(</code></pre>)", code, body, flags=re.S)
    return re.sub(r"(<td><code>)([^<]*)(</code></td>)", code, body)

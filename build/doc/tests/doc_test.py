#!/usr/bin/env python3
"""The reference: what the build wrote is whole, and what would be wrong with it is found.

doc_test.py SOURCES IDL_OUTPUT DOC FOLDER. FOLDER is for a copy of the tree, with errors in it.
"""
import os
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

SOURCES, IDL, DOC, FOLDER = (os.path.abspath(path) for path in sys.argv[1:])
sys.path.insert(0, os.path.join(SOURCES, "build", "doc"))

import generate  # noqa: E402, pylint: disable=wrong-import-position
import headers   # noqa: E402, pylint: disable=wrong-import-position

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """What a browser sees: ids, links, and whether each element is closed."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.pictures, self.scripts, self.open = set(), [], [], 0, []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if "id" in values:
            self.ids.add(values["id"])
        if "href" in values:
            self.links.append(values["href"])
        if "src" in values:
            self.pictures.append(values["src"])
        self.scripts += tag == "script"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open and self.open[-1] == tag, (tag, self.open, self.getpos())
            self.open.pop()


def whole():
    """No dead link, no script; a page for each interface file and each public header, with all that they declare."""
    pages = {path.name: Page(path.read_text(encoding="utf-8")) for path in Path(DOC).glob("*.html")}
    for name, page in pages.items():
        assert page.scripts == 0, name
        for picture in page.pictures:
            assert os.path.isfile(os.path.join(DOC, picture)), f"{name}: no picture {picture}"
        for link in page.links:
            if re.match(r"https?:", link):
                continue
            file, _, anchor = link.partition("#")
            if file.endswith(".css"):
                assert os.path.isfile(os.path.join(DOC, file)), f"{name}: {link}"
                continue
            target = pages.get(file or name)
            assert target is not None, f"{name}: no page {link}"
            assert not anchor or anchor in target.ids, f"{name}: no place {link}"
    linked = {link.partition("#")[0] for link in pages["index.html"].links}
    names = 0
    for path in Path(SOURCES, "idl").glob("*.idl"):
        page = f"interface-{path.stem}.html"
        assert page in pages and page in linked, path
        text = Path(DOC, page).read_text(encoding="utf-8")
        for found in re.finditer(r"^\s+(?:call|oneway) (\w+) = (\d+)", path.read_text(encoding="utf-8"), re.M):
            assert f'id="{found.group(1).replace("_", "-")}-{found.group(2)}' in text, (path, found.group(0))
            names += 1
    for path, name in generate.public_headers(SOURCES):
        page = "header-" + name.removesuffix(".h").replace("/", "-") + ".html"
        assert page in pages and page in linked, path
        for declaration in headers.read(os.path.join(SOURCES, path), name).declarations():
            for word in declaration.names:
                assert word in pages[page].ids, (path, word)
                names += 1
    assert names > 1400, names
    print(f"{len(pages)} pages, {names} names, no dead link")


def reads_declarations():
    """The reader sees what C sees."""
    path = os.path.join(FOLDER, "sample.h")
    with open(path, "w", encoding="utf-8") as file:
        file.write('''/* What it is for. */
#ifndef SAMPLE_H
#define SAMPLE_H
#include <stdint.h>
struct later;
/* Of one.
 *    code(1);
 */
int one(const char *text, void (*then)(int)) __attribute__((format(printf, 1, 2)));
int same_group(void);

#define BARE(x) ((x) + \\
	1)
#define TOLD 1 /* why */

/* Words. */
enum words { FIRST = 1, SECOND /* } */ };

static inline int bare_inline(int a) { return a == ';' ? 0 : one("{", 0); }
typedef void callback(int a);
extern const uint32_t table[4]; /* of numbers */
_Static_assert(sizeof(int) == 4, "int");
#endif
''')
    header = headers.read(path, "sample.h")
    assert header.prose == "What it is for."
    names = [name for declaration in header.declarations() for name in declaration.names]
    assert names == ["one", "same_group", "BARE", "TOLD", "words", "FIRST", "SECOND", "bare_inline", "callback",
                     "table"], names
    assert [declaration.names[0] for declaration in header.bare()] == ["BARE", "bare_inline", "callback"]
    assert header.groups[0].comment == "Of one.\n   code(1);", repr(header.groups[0].comment)


def ported():
    """The guide for porters names whatever a port has to provide."""
    guide = Path(SOURCES, "kernel/arch/PORTING.md").read_text(encoding="utf-8")
    path = os.path.join(SOURCES, "kernel/include/kernel/arch.h")
    names = [name for declaration in headers.read(path, "kernel/arch.h").declarations() if declaration.kind == "function"
             for name in declaration.names if name.startswith("arch_")]
    context = os.path.join(SOURCES, "kernel/arch/mock/include/arch/context.h")
    names += [name for declaration in headers.read(context, "arch/context.h").declarations()
              for name in declaration.names if name.lower().startswith("arch_")]
    missing = [name for name in names if not re.search(rf"\b{name}\b", guide)]
    assert len(names) > 50 and not missing, missing
    print(f"{len(names)} parts of a port are named")


def copy(name):
    """A tree with what is read, to put an error into."""
    tree = Path(FOLDER, "seeded", name)
    shutil.rmtree(tree, ignore_errors=True)
    for top in ("kernel", "servers", "idl", "libs", "apps", "build", "manifest"):
        shutil.copytree(Path(SOURCES, top), tree / top, ignore=shutil.ignore_patterns("golden", "__pycache__"))
    shutil.copy(Path(SOURCES, "README.md"), tree / "README.md")
    shutil.copytree(IDL, tree / "gen", ignore=lambda folder, names: [name for name in names
                                                                     if not name.endswith((".md", ".json"))])
    return tree


def change(path, before, after):
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, (path, before, text.count(before))
    path.write_text(text.replace(before, after), encoding="utf-8")


def seeded():
    """Each error is named, nothing else is, and nothing is written."""
    tree = copy("tree")
    timer, schema = tree / "libs/sk/include/sk/timer.h", tree / "manifest/SCHEMA.md"
    change(timer, "/*\n * Waiting", "int not_prose; /*\n * Waiting")
    change(timer, "bool sk_sleep_until(uint64_t deadline_ns);",
           "bool sk_sleep_until(uint64_t deadline_ns);\n\nvoid sk_new_function(void);")
    device = (tree / "gen/device.json").read_text(encoding="utf-8")
    bare, count = re.subn(r'("name":\s*"reset".*?"doc":\s*)"[^"]*"', r"\1null", device, flags=re.S)
    assert count == 1
    (tree / "gen/device.json").write_text(bare, encoding="utf-8")
    change(schema, "# Manifests", """# Manifests

[a](no_such_file.md) [b](../README.md#no-such-place) ![c](no_such_picture.svg)

<!-- quote: idl/no.idl -->

<!-- quote: idl/rtc.idl from "persistent" to "no such text" -->

A <word> of it.
""")
    expected = ["timer.h: does not say what it is for", "timer.h:.*sk_new_function has no comment",
                "device.reset has no comment", "no_such_file.md leads nowhere", "no-such-place leads to no place",
                "no_such_picture.svg is not there",
                "quotes idl/no.idl", "has no lines from", "taken for HTML"]
    problems = generate.generate(str(tree), str(tree / "gen"), str(tree / "doc")).problems
    for pattern in expected:
        assert sum(re.search(pattern, problem) is not None for problem in problems) == 1, (pattern, problems)
    assert len(problems) == len(expected), problems
    assert not (tree / "doc").exists()
    shutil.rmtree(tree)
    print(f"{len(expected)} seeded errors found")


os.makedirs(FOLDER, exist_ok=True)
reads_declarations()
whole()
ported()
seeded()

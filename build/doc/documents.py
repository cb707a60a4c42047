"""Documents of the tree as pages: guides, references in Markdown, and sources that those link to.

A document may quote the tree, so that what it shows is what is built:

    <!-- quote: servers/watchdog/main.c -->                     all of a file
    <!-- quote: idl/watchdog.idl from "first" to "last" -->     from the line with the first text to that with the last

The quotation stands in the page where the comment is.
"""
import html
import os
import re

import pages

QUOTE = re.compile(r'^<!-- quote: (\S+?)(?: from "(.*?)" to "(.*?)")? -->$', re.M)
LANGUAGES = {".c": "c", ".h": "c", ".dts": "dts", ".dtsi": "dts", ".idl": "idl", ".txt": "cmake"}
TOPS = ("kernel", "servers", "idl", "libs", "apps", "build", "manifest")


def find(source):
    """Documents of the tree, by path; tests' expected output is none."""
    found = ["README.md"]
    for top in TOPS:
        for folder, folders, files in os.walk(os.path.join(source, top)):
            folders[:] = sorted(name for name in folders if name not in ("golden", "__pycache__"))
            found += [os.path.relpath(os.path.join(folder, name), source) for name in files if name.endswith(".md")]
    return sorted(found)


def is_guide(path):
    return os.path.basename(path) in ("GUIDE.md", "PORTING.md")


def read(site, path):
    with open(os.path.join(site.source, path), encoding="utf-8") as file:
        return file.read()


def quote(site, path, found):
    """The lines that a quotation names, as a block of code."""
    file, first, last = found.groups()
    if not os.path.isfile(os.path.join(site.source, file)):
        site.problem(f"{path}: quotes {file}, which is not there")
        return ""
    lines = read(site, file).rstrip("\n").split("\n")
    if first is not None:
        begin = next((i for i, line in enumerate(lines) if first in line), None)
        end = None if begin is None else next((i for i in range(begin, len(lines)) if last in lines[i]), None)
        if end is None:
            site.problem(f'{path}: {file} has no lines from "{first}" to "{last}"')
            return ""
        lines = lines[begin:end + 1]
    fence = "~~~~" if any(line.startswith("```") for line in lines) else "```"
    return "\n".join([fence + LANGUAGES.get(os.path.splitext(file)[1], ""), *lines, fence])


def title(text):
    return text.split("\n", 1)[0].lstrip("# ").strip()


def first_words(text):
    """The first sentence behind the title."""
    paragraph = re.split(r"\n\s*\n", text.split("\n", 1)[1].strip())[0]
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)|\*\*|`", r"\1", paragraph.replace("\n", " "))
    return re.split(r"(?<=\.)\s", words)[0]


def add(site, path):
    text = QUOTE.sub(lambda found: quote(site, path, found), read(site, path))
    page = pages.document_page(path)
    body = site.relink(site.markdown(text, path), path)
    site.add(page, title(text), site.link_code(body, page))


def add_sources(site):
    for path in sorted(site.sources):
        page = pages.source_page(path)
        code = site.link(html.escape(read(site, path)), page)
        site.add(page, path, f"<h1>{html.escape(path)}</h1>\n<pre><code>{code}</code></pre>")

#!/usr/bin/env python3
"""Writes the reference into a folder of static pages: guides, a page for each interface and each public header.

    generate.py --source TREE --idl DIR --out DIR

DIR of --idl has what idlc made of idl/*.idl (NAME.md, NAME.json). Fails, with a line for each, if an interface or a
public declaration has no comment, a document links to or quotes what is not there, or a page's link leads nowhere.
"""
import argparse
import html
import os
import re
import shutil
import sys
from pathlib import Path

import documents
import headers
import interfaces
import pages

HERE = os.path.dirname(os.path.abspath(__file__))
# Where public headers are: of libraries, of the kernel, and of both for an architecture.
FOLDERS = ("kernel/include", "kernel/arch/aarch64/include", "libs/*/include", "libs/*/arch/aarch64/include")


def public_headers(source):
    """(path in the tree, name as it is included) of each."""
    for pattern in FOLDERS:
        for folder in sorted(Path(source).glob(pattern)):
            for path in sorted(folder.rglob("*.h")):
                yield str(path.relative_to(source)), str(path.relative_to(folder))


def declaration_html(site, page, declaration):
    ids = "".join(f'<span id="{name}"></span>' for name in dict.fromkeys(declaration.names))
    code = site.link(html.escape(declaration.text), page)
    return f"{ids}{code}"


def add_header(site, header):
    page = site.headers[header.name]
    body = [f"<h1>&lt;{header.name}&gt;</h1>", f'<p class="dim">{header.path}</p>']
    if header.prose:
        body.append(site.prose(header.prose, page))
    else:
        site.problem(f"{header.path}: does not say what it is for")
    names = [declaration.names[0] for declaration in header.declarations()]
    links = [f'<a href="#{name}">{name}</a>' for name in dict.fromkeys(names)]
    body.append(f'<p class="names">{" · ".join(links)}</p>')
    for group in header.groups:
        code = "\n".join(declaration_html(site, page, declaration) +
                         (f" <i>/* {html.escape(' '.join(declaration.trailing.split()))} */</i>"
                          if declaration.trailing and "/*" not in declaration.text.split("\n")[-1] else "")
                         for declaration in group.declarations)
        prose = site.prose(group.comment, page) if group.comment else ""
        body.append(f"<section>{prose}<pre><code>{code}</code></pre></section>")
    for declaration in header.bare():
        site.problem(f"{header.path}:{declaration.line}: {declaration.names[0]} has no comment")
    site.add(page, f"<{header.name}>", "\n".join(body))


def read_headers(site):
    found = []
    for path, name in public_headers(site.source):
        header = headers.read(os.path.join(site.source, path), name)
        header.path = path
        page = pages.header_page(name)
        found.append(header)
        site.headers[name] = page
        for declaration in header.declarations():
            for word in declaration.names:
                site.index.setdefault(word, f"{page}#{word}")
    return found


def sentence(text):
    return re.split(r"(?<=\.)\s", " ".join((text or "").split()))[0]


def add_index(site, found, data, papers):
    rows = {"guides": [], "interfaces": [], "headers": [], "documents": []}
    for path in papers:
        text = documents.read(site, path)
        kind = "guides" if documents.is_guide(path) else "documents"
        rows[kind].append((pages.document_page(path), documents.title(text), documents.first_words(text)))
    for entry in data:
        names = ", ".join(f'{interface["name"]}' for interface in entry["interfaces"])
        rows["interfaces"].append((pages.interface_page(entry["file"]), f'{entry["file"]}.idl',
                                   sentence(entry["doc"]) + (f" ({names})" if names else "")))
    for header in found:
        rows["headers"].append((site.headers[header.name], header.name, sentence(header.prose)))
    body = ["<h1>Skink: guides and reference</h1>",
            "<p>Made from the tree by the build: what stands here is what was compiled.</p>"]
    for kind, name in (("guides", "Guides"), ("interfaces", "Interfaces"), ("headers", "Headers"),
                       ("documents", "Other documents")):
        lines = "".join(f'<tr><td><a href="{page}">{html.escape(text)}</a></td><td>{html.escape(words)}</td></tr>\n'
                        for page, text, words in rows[kind])
        body.append(f'<h2 id="{kind}">{name}</h2>\n<div class="scroll"><table>\n{lines}</table></div>')
    site.add("index.html", "Guides and reference", "\n".join(body))


def check_links(site):
    """Each link of each page leads to a page, and to a place in it."""
    ids = {page: set(re.findall(r'id="([^"]*)"', text)) for page, text in site.pages.items()}
    for page, text in site.pages.items():
        for to in re.findall(r'href="([^"]*)"', text):
            to = html.unescape(to)
            if re.match(r"https?:", to) or to == "style.css":
                continue
            file, _, anchor = to.partition("#")
            file = file or page
            if file not in ids:
                site.problem(f"{page}: the link to {to} leads to no page")
            elif anchor and anchor not in ids[file]:
                site.problem(f"{page}: the link to {to} leads to no place in the page")


def generate(source, idl, out):
    site = pages.Site(source, out)
    found, data, papers = read_headers(site), interfaces.load(idl), documents.find(source)
    users = interfaces.Users(source)
    for entry in data:
        interfaces.index(site, entry)
    for entry in data:
        interfaces.add(site, idl, entry, users)
    for header in found:
        add_header(site, header)
    for path in papers:
        documents.add(site, path)
    documents.add_sources(site)
    add_index(site, found, data, papers)
    check_links(site)
    if not site.problems:
        site.write()
        shutil.copy(os.path.join(HERE, "style.css"), os.path.join(out, "style.css"))
    return site


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("source", "idl", "out"):
        arguments.add_argument("--" + name, required=True)
    given = arguments.parse_args()
    site = generate(os.path.abspath(given.source), given.idl, given.out)
    for problem in site.problems:
        print(problem, file=sys.stderr)
    print(f"{len(site.pages)} pages, {len(site.problems)} problems")
    return 1 if site.problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""The pages that out/doc is made of: names, the frame around each, Markdown, and links between them."""
import html
import os
import re
import shutil
import subprocess

WORD = re.compile(r"[a-z0-9_]+(?:/[a-z0-9_]+)+\.h\b|&\w+;|[A-Za-z_]\w*")


def slug(text):
    """The id of a heading."""
    return re.sub(r"[^a-z0-9]+", "-", html.unescape(re.sub(r"<[^>]*>", "", text)).lower()).strip("-")


def document_page(path):
    """The page of a document of the tree: manifest/SCHEMA.md is manifest-schema.html."""
    return path.removesuffix(".md").replace("/", "-").lower() + ".html"


def source_page(path):
    return "source-" + path.replace("/", "-") + ".html"


def header_page(name):
    return "header-" + name.removesuffix(".h").replace("/", "-") + ".html"


def interface_page(file):
    return f"interface-{file}.html"



class Site:
    """Where names are explained (`index`: name to page#id), and what is written where."""

    def __init__(self, source, out):
        self.source, self.out = source, out
        self.index, self.headers, self.pages, self.problems = {}, {}, {}, []
        self.sources = set()  # files that documents link to, each of which gets a page
        self.pictures = {}    # by the name that they have among the pages: files that documents show

    def problem(self, text):
        self.problems.append(text)

    def add(self, page, title, body):
        if page in self.pages:
            self.problem(f"{page}: two pages of this name")
        self.pages[page] = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)} - Skink</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<nav><a href="index.html">Skink</a><a href="index.html#guides">Guides</a><a href="index.html#interfaces">Interfaces</a><a
href="index.html#headers">Headers</a></nav>
{body}
</body>
</html>
"""

    def write(self):
        os.makedirs(self.out, exist_ok=True)
        for old in os.listdir(self.out):
            if old.endswith(".html") and old not in self.pages:
                os.remove(os.path.join(self.out, old))
        for page, text in self.pages.items():
            with open(os.path.join(self.out, page), "w", encoding="utf-8") as file:
                file.write(text)
        for name, path in self.pictures.items():
            shutil.copy(os.path.join(self.source, path), os.path.join(self.out, name))

    def link(self, escaped, page):
        """Escaped source or prose with links to what is declared or described elsewhere."""

        def word(found):
            name, after = found.group(0), escaped[found.end():]
            if name.endswith(".h"):
                to = self.headers.get(name, page)
                return f'<a href="{to}">{name}</a>' if to != page else name
            to = self.index.get(name)
            plain = "_" not in name and not after.startswith("(")
            tagged = re.search(r"\b(struct|enum|union) $", escaped[:found.start()])
            if not to or to.startswith(page + "#") or (plain and not tagged):
                return name
            return f'<a href="{to}">{name}</a>'

        return WORD.sub(word, escaped)

    def prose(self, text, page):
        """A comment as HTML: paragraphs, lists, and indented lines as they stand."""
        blocks, kind, lines = [], "", []

        def inline(words):
            pieces = re.split(r"`([^`\n]+)`", words)
            return "".join(f"<code>{self.link(html.escape(piece), page)}</code>" if i % 2 else
                           self.link(html.escape(piece), page) for i, piece in enumerate(pieces))

        def flush():
            if not lines:
                return
            if kind == "code":
                margin = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
                code = "\n".join(line[margin:] for line in lines).rstrip()
                blocks.append(f"<pre><code>{self.link(html.escape(code), page)}</code></pre>")
            elif kind == "item":
                blocks.append(f"<ul><li>{inline(' '.join(line.strip() for line in lines)[2:])}</li></ul>")
            else:
                blocks.append(f"<p>{inline(' '.join(line.strip() for line in lines))}</p>")
            lines.clear()

        for line in text.split("\n"):
            if not line.strip():
                if kind == "code" and lines:
                    lines.append("")
                else:
                    flush()
                    kind = ""
                continue
            new = "item" if line.startswith("- ") else "code" if re.match(r" {2,}", line) else "text"
            if kind == "item" and new == "code":
                new = "item"
                lines.append(line)
                continue
            if new != kind or new == "item":
                flush()
            kind = new
            lines.append(line)
        flush()
        return "\n".join(blocks).replace("</ul>\n<ul>", "\n")

    def markdown(self, text, where):
        """Markdown as HTML: headings have ids, wide tables scroll, nothing is lost."""
        run = subprocess.run(["cmark-gfm", "-e", "table", "--to", "html"], input=text, capture_output=True, check=True,
                             text=True)
        body = run.stdout
        if "raw HTML omitted" in body:
            self.problem(f"{where}: something in it is taken for HTML and would be lost: put it into `…`")
        seen = set()

        def heading(found):
            anchor = slug(found.group(2))
            while anchor in seen:
                anchor += "-"
            seen.add(anchor)
            return f'<h{found.group(1)} id="{anchor}">{found.group(2)}</h{found.group(1)}>'

        body = re.sub(r"<h([1-6])>(.*?)</h\1>", heading, body, flags=re.S)
        return body.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")

    def relink(self, body, path):
        """Links of a document at `path` of the tree, to pages; what is no document gets a page of its source."""

        def target(found):
            to = html.unescape(found.group(1))
            if re.match(r"[a-z]+:|#", to):
                return found.group(0)
            file, _, anchor = to.partition("#")
            file = os.path.normpath(os.path.join(os.path.dirname(path), file))
            if not os.path.isfile(os.path.join(self.source, file)):
                self.problem(f"{path}: the link to {to} leads nowhere")
                return 'href=""'
            for name, page in self.headers.items():
                if file.endswith("/include/" + name):
                    return f'href="{page}"'
            if file.endswith(".md"):
                page = document_page(file)
            else:
                self.sources.add(file)
                page = source_page(file)
            return f'href="{page}{"#" + anchor if anchor else ""}"'

        def picture(found):
            file = os.path.normpath(os.path.join(os.path.dirname(path), html.unescape(found.group(1))))
            if not os.path.isfile(os.path.join(self.source, file)):
                self.problem(f"{path}: the picture {found.group(1)} is not there")
            else:
                self.pictures[file.replace("/", "-")] = file
            return f'src="{file.replace("/", "-")}"'

        return re.sub(r'src="([^"]*)"', picture, re.sub(r'href="([^"]*)"', target, body))

    def link_code(self, body, page):
        """`…` in a converted document: what it names, if something is known by that name."""

        def code(found):
            words = found.group(1)
            if words in self.headers:
                return f'<code><a href="{self.headers[words]}">{words}</a></code>'
            name = words.removesuffix("()")
            to = self.index.get(name)
            known = to and ("_" in name or words.endswith("()")) and not to.startswith(page + "#")
            return f'<code><a href="{to}">{words}</a></code>' if known else found.group(0)

        return re.sub(r"(?<!<pre>)<code>([\w/.()&;]+)</code>", code, body)

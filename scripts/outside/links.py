"""Follows the links of a built site and of Markdown files, without a network: links.py SITE FILE.md..."""

import html.parser
import pathlib
import re
import sys
import urllib.parse

# Pages that are made when the site is built, which Markdown files may link to.
MADE = {"cookbook.md", "tools.md", "definitions.md", "settings.md", "commands.md", "contributing.md", "architecture.md", "changelog.md"}


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.pictures = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if attributes.get("id"):
            self.ids.add(attributes["id"])
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag == "img":
            self.pictures.append((attributes.get("src", ""), attributes.get("alt")))


def site(folder):
    pages = {path.resolve(): Page(path) for path in folder.rglob("*.html")}
    count, wrong = 0, []
    for path, page in pages.items():
        for source, alt in page.pictures:
            count += 1
            if not alt or not (path.parent / source).is_file():
                wrong.append(f"{path.name}: the picture {source} is missing or says nothing to who cannot see it")
        for link in page.links:
            count += 1
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                if parts.scheme not in ("https", "http", "mailto"):
                    wrong.append(f"{path.name}: {link}")
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                wrong.append(f"{path.name}: {link} leads nowhere")
            elif parts.fragment and target in pages and urllib.parse.unquote(parts.fragment) not in pages[target].ids:
                wrong.append(f"{path.name}: {link}: there is no such place on that page")
    return len(pages), count, wrong


def markdown(path):
    count, wrong = 0, []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        count += 1
        parts = urllib.parse.urlsplit(link)
        if not parts.scheme and parts.path and not (path.parent / parts.path).exists() and parts.path not in MADE:
            wrong.append(f"{path.name}: {link} leads nowhere")
    return count, wrong


def main():
    pages, count, wrong = site(pathlib.Path(sys.argv[1]))
    for name in sys.argv[2:]:
        more, bad = markdown(pathlib.Path(name))
        count, wrong = count + more, wrong + bad
    for line in wrong:
        print(line)
    if wrong or pages < 15 or count < 200:
        print(f"FAILED: {len(wrong)} of {count} links on {pages} pages")
        return 1
    print(f"ok: {count} links on {pages} pages lead somewhere")
    return 0


if __name__ == "__main__":
    sys.exit(main())

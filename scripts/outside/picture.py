"""Draws what a program printed as a terminal would show it, as SVG: picture.py COMMAND HOME PROGRAM <OUTPUT >PICTURE"""

import html
import sys
import unicodedata

COLUMNS = 120
ROWS = 34
WIDTH, HEIGHT = 8.4, 18


def cells(line):
    """How many cells of a terminal a line takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)


def cut(line):
    if cells(line) <= COLUMNS:
        return line
    while cells(line) >= COLUMNS:
        line = line[:-1]
    return line + "…"


def main():
    command, home, program = sys.argv[1:]
    said = sys.stdin.read().replace(home, "~").replace(program, "spectora-mcp").rstrip("\n")
    lines = [f"$ {command}", *(line.rstrip() for line in said.split("\n"))]
    if len(lines) > ROWS:
        lines = [*lines[: ROWS - 1], "…"]
    lines = [cut(line) for line in lines]
    width, height = COLUMNS * WIDTH + 40, len(lines) * HEIGHT + 60
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" width="{width:.0f}">',
        f"<title>{html.escape(command)}</title>",
        f'<rect width="{width:.0f}" height="{height}" rx="8" fill="#1d2430"/>',
        *(f'<circle cx="{20 + 18 * n}" cy="20" r="6" fill="{c}"/>' for n, c in enumerate(["#ff5f56", "#ffbd2e", "#27c93f"])),
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14" fill="#d7dde8">',
    ]
    for number, line in enumerate(lines):
        color = ' fill="#7fd1a0"' if number == 0 else ""
        length = f' textLength="{cells(line) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"' if line.strip() else ""
        out.append(f'<text x="20" y="{55 + number * HEIGHT}" xml:space="preserve"{color}{length}>{html.escape(line)}</text>')
    out += ["</g>", "</svg>"]
    print("\n".join(out))


if __name__ == "__main__":
    main()

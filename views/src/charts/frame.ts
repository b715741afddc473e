import { given, h, measured, s, type Child } from "../dom.ts";

/** A picture: what stands above it, and the sentence that says what it shows to those who do not see it. */
export interface Picture {
  title: string;
  sentence: string;
  /** Draws it so wide. */
  draw(width: number): Drawing;
  /** Words below it, such as what the marks mean. */
  legend?: Child[];
}

export interface Drawing {
  height: number;
  marks: SVGElement[];
}

/** A picture that is drawn anew when its width changes. */
export function figure({ title, sentence, draw, legend }: Picture): HTMLElement {
  const canvas = h("div", { class: "canvas" });
  let drawn = 0;
  const paint = (width: number) => {
    if (width < 40 || Math.abs(width - drawn) < 1) return;
    drawn = width;
    const { height, marks } = draw(width);
    const size = { width, height, viewBox: `0 0 ${width} ${height}` };
    canvas.replaceChildren(s("svg", { ...size, role: "img", "aria-label": `${title}. ${sentence}` }, ...marks));
  };
  new ResizeObserver(() => paint(Math.floor(canvas.clientWidth))).observe(canvas);
  return h(
    "figure",
    { class: "picture" },
    h("figcaption", {}, title),
    canvas,
    given(legend ?? []).length ? h("p", { class: "legend" }, ...(legend ?? [])) : undefined,
  );
}

/** A mark and its meaning, for the words below a picture. */
export function key(className: string, shape: "dot" | "box" | "line" | "ring" | "stroke", words: string): HTMLElement {
  const marks = {
    dot: () => s("circle", { cx: 7, cy: 7, r: 5, class: className }),
    ring: () => s("circle", { cx: 7, cy: 7, r: 4, class: className }),
    box: () => s("rect", { x: 1, y: 3, width: 12, height: 8, rx: 2, class: className }),
    stroke: () => s("line", { x1: 7, x2: 7, y1: 0, y2: 14, class: className }),
    line: () => s("line", { x1: 0, x2: 14, y1: 7, y2: 7, class: className }),
  };
  return h("span", { class: "key" }, s("svg", { width: 14, height: 14, "aria-hidden": "true" }, marks[shape]()), words);
}

/** Words in a picture. */
export function words(
  x: number,
  y: number,
  content: string,
  given: Record<string, string | number | undefined> = {},
): SVGTextElement {
  return s("text", { x, y, dy: "0.35em", ...given }, content);
}

/** Where the rows of a picture stand: on a narrow page the name is above what is drawn, else left of it. */
export interface RowPlan {
  isNarrow: boolean;
  rowHeight: number;
  /** Where the drawing begins. */
  left: number;
  /** How much room a name has. */
  nameWidth: number;
  /** The middle of the drawing in a row. */
  middle(index: number): number;
  nameAt(index: number): number;
}

export function plan(width: number, top: number, names: string[]): RowPlan {
  const isNarrow = width < 480;
  const rowHeight = isNarrow ? 44 : 28;
  const longest = Math.max(60, ...names.map((name) => Math.ceil(measured(name))));
  const nameWidth = isNarrow ? width - 8 : Math.min(longest, 260, width * 0.4);
  return {
    isNarrow,
    rowHeight,
    left: isNarrow ? 8 : nameWidth + 16,
    nameWidth,
    middle: (index) => top + index * rowHeight + (isNarrow ? 31 : rowHeight / 2),
    nameAt: (index) => top + index * rowHeight + (isNarrow ? 12 : rowHeight / 2),
  };
}

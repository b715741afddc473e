/** Makes elements. Text only ever becomes text nodes and attributes, so an answer cannot bring markup of its own. */

type Setting = string | number | boolean | undefined | ((event: never) => void);
export type Child = Node | string | undefined | false;

const SVG = "http://www.w3.org/2000/svg";

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  settings: Record<string, Setting> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), settings, children);
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  settings: Record<string, Setting> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG, tag), settings, children);
}

function fill<E extends Element>(element: E, settings: Record<string, Setting>, children: Child[]): E {
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value as EventListener);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...given(children));
  return element;
}

/** Those children that are there. */
export function given(children: Child[]): (Node | string)[] {
  return children.filter((child): child is Node | string => child !== undefined && child !== false);
}

/** A name that somebody typed: it keeps its direction to itself, and is cut where it is too long. */
export function named(name: string): HTMLElement {
  return h("bdi", { dir: "auto", class: "name", title: name.length > 28 ? name : undefined }, name);
}

/** A name inside a sentence, held apart from it by the characters that are there for this. */
export function apart(name: string): string {
  return `\u2068${name.length > 80 ? `${name.slice(0, 80)}…` : name}\u2069`;
}

let last = 0;

/** An id that no other element has. */
export function freshId(kind: string): string {
  last += 1;
  return `${kind}-${last}`;
}

let pen: CanvasRenderingContext2D | null | undefined;

/** How wide a text is in the font of the pictures. */
export function measured(words: string, size = 13): number {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return words.length * size * 0.6;
  pen.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(words.slice(0, 200)).width;
}

/** The beginning of a text that fits into a width. */
export function fit(words: string, width: number, size = 13): string {
  if (words.length <= 200 && measured(words, size) <= width) return words;
  const signs = [...new Intl.Segmenter().segment(words.slice(0, 200))].map(({ segment }) => segment);
  while (signs.length > 0 && measured(`${signs.join("")}…`, size) > width) signs.pop();
  return `${signs.join("").trimEnd()}…`;
}

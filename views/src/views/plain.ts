import { isRow, rows, text, type Row } from "../answer.ts";
import { h, named, type Child } from "../dom.ts";
import { fieldOf } from "../layouts.ts";
import { part, type Scene } from "../scene.ts";

/** Any other answer: its lists as tables, the rest as names with their values. */
export function plain(answer: Row, scene: Scene): Child[] {
  const { basis: _, next_cursor: __, item, ...rest } = answer;
  const told = isRow(item) ? { ...item, ...rest } : rest;
  const lists = Object.entries(told).filter(([, value]) => isTable(value));
  const inner = Object.entries(told).filter(([, value]) => isRow(value) && !("rate" in value) && !("low" in value));
  const single = Object.fromEntries(
    Object.entries(told).filter((entry) => ![...lists, ...inner].some(([name]) => name === entry[0])),
  );
  const shown = [
    pairs(single, scene),
    ...inner.map(([name, value]) => part(fieldOf(name, []).label, pairs(value as Row, scene))),
    ...lists.map(([name, value]) => scene.table(name, value)),
  ].filter((each) => each !== undefined);
  return shown.length ? shown : [h("p", { class: "nothing" }, "The answer is empty.")];
}

/** Names and values, one below the other. */
export function pairs(row: Row, scene: Scene): HTMLElement | undefined {
  const shown = Object.entries(row)
    .map(([name, value]) => ({ field: fieldOf(name, [row]), value }))
    .filter(({ field, value }) => field.format !== "id" && scene.writer.value(field.format, value) !== "");
  if (shown.length === 0) return undefined;
  const value = (
    { name, format }: { name: string; format: Parameters<Scene["writer"]["value"]>[0] },
    given: unknown,
  ): Child =>
    (name === "portal_link" && linkButton(given, scene)) ||
    (format === "text" ? named(scene.writer.value(format, given)) : scene.writer.value(format, given));
  return h(
    "dl",
    { class: "pairs" },
    ...shown.map(({ field, value: given }) =>
      h(
        "div",
        { "data-field": field.name, "data-value": JSON.stringify(given) },
        h("dt", {}, field.label),
        h("dd", {}, value(field, given)),
      ),
    ),
  );
}

/** A button that opens the inspection in Spectora, where the host opens links. */
export function linkButton(link: unknown, scene: Scene): HTMLElement | undefined {
  const open = scene.links(text(link));
  return open && h("button", { type: "button", class: "plain", click: open }, "Open in Spectora");
}

function isTable(value: unknown): boolean {
  return rows(value).length > 0;
}

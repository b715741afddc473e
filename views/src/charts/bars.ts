import { max } from "d3-array";
import { scaleLinear } from "d3-scale";
import { number, type Row } from "../answer.ts";
import { apart, fit, s } from "../dom.ts";
import type { Writer } from "../format.ts";
import type { Field } from "../layouts.ts";
import { figure, key, plan, words } from "./frame.ts";

/** More rows than these are in the table only. */
export const DRAWN = 25;

export interface Bars {
  title: string;
  rows: Row[];
  name(row: Row): string;
  field: Field;
  /** A mark at what it was before. */
  before?: Field;
  open?(row: Row): (() => void) | undefined;
}

/** A bar for each row, with its number at the end. */
export function bars({ title, rows, name, field, before, open }: Bars, writer: Writer): HTMLElement | undefined {
  const drawn = rows.filter((row) => number(row[field.name]) !== undefined).slice(0, DRAWN);
  if (drawn.length === 0) return undefined;
  const value = (row: Row, of: Field) => number(row[of.name]) ?? 0;
  // Shares are drawn as parts of a whole.
  const most =
    field.format === "rate"
      ? 1
      : Math.max(
          max(drawn, (row) => Math.max(value(row, field), before ? value(row, before) : 0)) ?? 0,
          Number.MIN_VALUE,
        );
  const highest = drawn.reduce((best, row) => (value(row, field) > value(best, field) ? row : best));
  const more = rows.length > drawn.length ? ` The first ${drawn.length} of ${rows.length} rows are drawn.` : "";
  const hasBefore = before !== undefined && drawn.some((row) => number(row[before.name]) !== undefined);
  return figure({
    title,
    sentence: `${field.label} of ${drawn.length} ${drawn.length === 1 ? "row" : "rows"}; highest ${apart(name(highest))} with ${writer.short(field.format, highest[field.name])}.${more}`,
    legend: hasBefore ? [key("bar", "box", field.label), key("before", "line", before.label)] : [],
    draw(width) {
      const at = plan(width, 2, drawn.map(name));
      const end =
        width - 8 - Math.max(...drawn.map((row) => writer.short(field.format, row[field.name]).length)) * 8 - 10;
      const x = scaleLinear([0, most], [at.left, Math.max(at.left + 20, end)]);
      const marks = drawn.map((row, index) => {
        const [middle, shown] = [at.middle(index), value(row, field)];
        const click = open?.(row);
        const told = writer.short(field.format, row[field.name]);
        const past = hasBefore && number(row[before.name]) !== undefined ? x(value(row, before)) : undefined;
        // Beside a mark further right the number would seem to be the mark's.
        const hasRoom = past !== undefined && past > x(shown) && x(shown) - at.left > told.length * 8 + 14;
        return s(
          "g",
          { class: click ? "row opens" : "row", click },
          s(
            "title",
            {},
            `${name(row)}: ${writer.value(field.format, row[field.name])}${past === undefined || !before ? "" : `; ${before.label} ${writer.value(before.format, row[before.name])}`}`,
          ),
          s("rect", {
            class: "hit",
            x: 0,
            y: middle - (at.isNarrow ? 31 : at.rowHeight / 2),
            width,
            height: at.rowHeight,
          }),
          words(at.isNarrow ? at.left : at.left - 10, at.nameAt(index), fit(name(row), at.nameWidth), {
            class: "name",
            "text-anchor": at.isNarrow ? "start" : "end",
          }),
          s("rect", {
            class: "bar",
            x: at.left,
            y: middle - 8,
            width: Math.max(1, x(shown) - at.left),
            height: 16,
            rx: 3,
            "data-field": field.name,
            "data-value": shown,
          }),
          past === undefined
            ? undefined
            : s("line", { class: "before", x1: past, x2: past, y1: middle - 11, y2: middle + 11 }),
          hasRoom
            ? words(x(shown) - 7, middle, told, { class: "inside", "text-anchor": "end" })
            : words(Math.max(x(shown), past ?? 0) + 7, middle, told, { class: "value" }),
        );
      });
      return { height: at.middle(drawn.length - 1) + 18, marks };
    },
  });
}

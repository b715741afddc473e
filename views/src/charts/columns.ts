import { max } from "d3-array";
import { scaleBand, scaleLinear } from "d3-scale";
import { number, type Row } from "../answer.ts";
import { apart, measured, s } from "../dom.ts";
import type { Writer } from "../format.ts";
import type { Field } from "../layouts.ts";
import { figure, words } from "./frame.ts";

const HEIGHT = 240;
const BELOW = 26;
const ABOVE = 20;

/** Whether these are names of times, one after the other: years, quarters, months, weeks or days. */
export function areTimes(names: string[]): boolean {
  return names.length > 2 && names.every((name) => /^\d{4}(-(Q[1-4]|W\d\d|\d\d(-\d\d)?))?$/.test(name));
}

export interface Columns {
  title: string;
  rows: Row[];
  /** The time of a row, such as `2026-10`. */
  time(row: Row): string;
  field: Field;
  open?(row: Row): (() => void) | undefined;
}

/** A column for each time, the earliest at the left. */
export function columns({ title, rows, time, field, open }: Columns, writer: Writer): HTMLElement | undefined {
  const value = (row: Row) => number(row[field.name]) ?? 0;
  const drawn = rows.filter((row) => number(row[field.name]) !== undefined);
  if (drawn.length === 0) return undefined;
  drawn.sort((one, other) => (time(one) < time(other) ? -1 : 1));
  const highest = drawn.reduce((best, row) => (value(row) > value(best) ? row : best));
  const told = (row: Row) => writer.short(field.format, row[field.name]);
  return figure({
    title,
    sentence: `${field.label} over time, ${drawn.length} columns; highest ${apart(time(highest))} with ${told(highest)}.`,
    draw(width) {
      const most = Math.max(max(drawn, value) ?? 0, Number.MIN_VALUE);
      const y = scaleLinear([0, most], [HEIGHT - BELOW, ABOVE]).nice(4);
      const ticks = y.ticks(4);
      const written = (tick: number) => writer.short(field.format, field.format === "money" ? String(tick) : tick);
      const left = Math.max(...ticks.map((tick) => measured(written(tick), 12))) + 10;
      const x = scaleBand(drawn.map(time), [left, width]).paddingInner(0.25).paddingOuter(0.1);
      // Names stand under as many columns as they have room for, numbers over all or none.
      const every = Math.ceil((Math.max(...drawn.map((row) => measured(time(row), 12))) + 10) / x.step());
      const hasNumbers = Math.max(...drawn.map((row) => measured(told(row), 12))) + 4 < x.step();
      const grid = ticks.flatMap((tick) => [
        s("line", { class: tick === 0 ? "axis" : "grid", x1: left, x2: width, y1: y(tick), y2: y(tick) }),
        words(left - 8, y(tick), written(tick), { class: "tick", "text-anchor": "end" }),
      ]);
      const marks = drawn.map((row, index) => {
        const [at, wide] = [x(time(row)) ?? 0, x.bandwidth()];
        const click = open?.(row);
        const middle = at + wide / 2;
        return s(
          "g",
          { class: click ? "row opens" : "row", click },
          s("title", {}, `${time(row)}: ${writer.value(field.format, row[field.name])}`),
          s("rect", { class: "hit", x: at - x.step() * 0.12, y: 0, width: x.step(), height: HEIGHT }),
          s("rect", {
            class: "bar",
            x: at,
            y: y(value(row)),
            width: wide,
            height: Math.max(0, y(0) - y(value(row))),
            rx: Math.min(3, wide / 4),
            "data-field": field.name,
            "data-value": value(row),
          }),
          hasNumbers && words(middle, y(value(row)) - 9, told(row), { class: "value small", "text-anchor": "middle" }),
          (drawn.length - 1 - index) % every === 0 &&
            words(middle, HEIGHT - 10, time(row), { class: "tick", "text-anchor": "middle" }),
        );
      });
      return { height: HEIGHT, marks: [...grid, ...marks] };
    },
  });
}

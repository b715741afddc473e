import { scaleLinear } from "d3-scale";
import { isRow, number, share, text, type Row } from "../answer.ts";
import { apart, fit, s } from "../dom.ts";
import type { Writer } from "../format.ts";
import { figure, key, plan, words } from "./frame.ts";

/** A share with the range it is in almost surely. */
interface Interval {
  row: Row;
  name: string;
  rate: number;
  low: number;
  high: number;
  isSmall: boolean;
  volume: number;
}

export interface Dots {
  title: string;
  rows: Row[];
  /** The share that is drawn. */
  field: string;
  label: string;
  /** The company's own. */
  norm: number | undefined;
  open(row: Row): (() => void) | undefined;
}

/** Whether the whole range is on one side of the company's share: then it is hardly chance. */
function stands({ low, high }: Interval, norm: number | undefined): "above" | "below" | "near" {
  if (norm === undefined) return "near";
  return low > norm ? "above" : high < norm ? "below" : "near";
}

/** A dot for each row's share on its range, beside the company's share, and a bar for how many inspections it is of. */
export function dots({ title, rows, field, label, norm, open }: Dots, writer: Writer): HTMLElement | undefined {
  const drawn = rows.flatMap((row): Interval[] => {
    const value = row[field];
    const rate = share(value);
    if (rate === undefined || !isRow(value)) return [];
    const [low, high] = [number(value.low) ?? rate, number(value.high) ?? rate];
    return [
      {
        row,
        name: text(row.inspector ?? row.group ?? row.agent),
        rate,
        low,
        high,
        isSmall: value.small_sample === true,
        volume: number(row.volume) ?? 0,
      },
    ];
  });
  if (drawn.length === 0) return undefined;
  const most = Math.max(...drawn.map(({ volume }) => volume), 1);
  const by = (side: string) =>
    drawn
      .filter((each) => stands(each, norm) === side)
      .map(({ name, rate }) => `${apart(name)} ${writer.percent(rate)}`);
  const told = (side: "above" | "below") =>
    by(side).length ? ` Clearly ${side} it: ${by(side).join(", ")}.` : ` None is clearly ${side} it.`;
  return figure({
    title,
    sentence: `${label} of ${drawn.length} ${drawn.length === 1 ? "person" : "people"}${norm === undefined ? "." : `; the company has ${writer.percent(norm)}.${told("above")}${told("below")}`}`,
    legend: [
      key("rule", "line", `company${norm === undefined ? "" : ` ${writer.percent(norm)}`}`),
      key("near", "dot", "share, on its 95% range"),
      ...(by("above").length ? [key("above", "dot", "clearly above")] : []),
      ...(by("below").length ? [key("below", "dot", "clearly below")] : []),
      ...(drawn.some(({ isSmall }) => isSmall) ? [key("small", "ring", "small sample")] : []),
    ],
    draw(width) {
      const top = 24;
      const at = plan(
        width,
        top,
        drawn.map(({ name }) => name),
      );
      const barRoom = Math.min(150, width * 0.24);
      const plotEnd = width - barRoom - 26;
      const x = scaleLinear([0, 1], [at.left, plotEnd]);
      const y = scaleLinear([0, most], [0, barRoom - 34]);
      const height = at.middle(drawn.length - 1) + 20;
      const ticks = at.isNarrow ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
      const grid = ticks.flatMap((tick) => [
        s("line", { class: "grid", x1: x(tick), x2: x(tick), y1: top, y2: height - 6 }),
        words(x(tick), 9, writer.percent(tick), {
          class: "tick",
          "text-anchor": tick === 0 && at.isNarrow ? "start" : "middle",
        }),
      ]);
      const head = words(plotEnd + 24, 9, "Inspections", { class: "tick" });
      const rule =
        norm === undefined ? [] : [s("line", { class: "rule", x1: x(norm), x2: x(norm), y1: top - 4, y2: height - 6 })];
      const marks = drawn.map((each, index) => {
        const middle = at.middle(index);
        const side = stands(each, norm);
        const click = open(each.row);
        return s(
          "g",
          { class: click ? "row opens" : "row", click },
          s(
            "title",
            {},
            `${each.name}: ${writer.value("rate", each.row[field])}; 95% range ${writer.percent(each.low)} to ${writer.percent(each.high)}`,
          ),
          s("rect", {
            class: "hit",
            x: 0,
            y: middle - (at.isNarrow ? 31 : at.rowHeight / 2),
            width,
            height: at.rowHeight,
          }),
          words(at.isNarrow ? at.left : at.left - 14, at.nameAt(index), fit(each.name, at.nameWidth), {
            class: "name",
            "text-anchor": at.isNarrow ? "start" : "end",
          }),
          s("line", { class: `range ${side}`, x1: x(each.low), x2: x(each.high), y1: middle, y2: middle }),
          s("circle", {
            class: `${side}${each.isSmall ? " small" : ""}`,
            cx: x(each.rate),
            cy: middle,
            r: 6,
            "data-field": field,
            "data-value": each.rate,
            "data-low": each.low,
            "data-high": each.high,
          }),
          s("rect", {
            class: "bar quiet",
            x: plotEnd + 24,
            y: middle - 6,
            width: Math.max(1, y(each.volume)),
            height: 12,
            rx: 3,
            "data-field": "volume",
            "data-value": each.volume,
          }),
          words(plotEnd + 30 + y(each.volume), middle, writer.short("count", each.volume), { class: "value" }),
        );
      });
      return { height, marks: [...grid, head, ...rule, ...marks] };
    },
  });
}

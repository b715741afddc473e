import { scaleBand, scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import { isRow, number, text, type Row } from "../answer.ts";
import { fit, s } from "../dom.ts";
import type { Writer } from "../format.ts";
import { figure, key, words } from "./frame.ts";

export interface Forecast {
  title: string;
  weeks: Row[];
  busyWeek: number | undefined;
  open(row: Row): (() => void) | undefined;
}

interface Week {
  row: Row;
  of: string;
  booked: number;
  forecast: number;
  bands: { field: string; low: number; high: number }[];
}

/** What is booked as bars, the forecast as a line in its ranges, and a busy week as a rule, week by week. */
export function forecast({ title, weeks, busyWeek, open }: Forecast, writer: Writer): HTMLElement | undefined {
  const drawn = weeks.flatMap((row): Week[] => {
    const [booked, expected] = [number(row.booked), number(row.forecast)];
    if (booked === undefined || expected === undefined) return [];
    const bands = ["range_95", "range_80"].flatMap((field) => {
      const range = row[field];
      if (!isRow(range)) return [];
      const [low, high] = [number(range.low), number(range.high)];
      return low === undefined || high === undefined ? [] : [{ field, low, high }];
    });
    return [{ row, of: text(row.week_of), booked, forecast: expected, bands }];
  });
  const first = drawn[0];
  if (!first) return undefined;
  const most = Math.max(
    busyWeek ?? 0,
    ...drawn.flatMap((week) => [week.booked, week.forecast, ...week.bands.map(({ high }) => high)]),
  );
  const hasBands = drawn.some(({ bands }) => bands.length > 0);
  const busy = busyWeek === undefined ? "" : ` A busy week so far has ${writer.value("count", busyWeek)}.`;
  return figure({
    title,
    sentence: `${drawn.length} ${drawn.length === 1 ? "week" : "weeks"}: ${drawn.map((week) => `${writer.value("date", week.of)} booked ${week.booked}, forecast ${writer.value("decimal", week.forecast)}`).join("; ")}.${busy}`,
    legend: [
      key("bar", "box", "booked"),
      key("forecast", "line", "forecast"),
      ...(hasBands
        ? [key("band range_80", "box", "8 of 10 weeks"), key("band range_95", "box", "19 of 20 weeks")]
        : []),
      ...(busyWeek === undefined ? [] : [key("rule", "line", "a busy week so far")]),
    ],
    draw(width) {
      const [left, right, top, bottom] = [34, width - 8, 20, 250];
      const x = scaleBand(
        drawn.map(({ of }) => of),
        [left, right],
      )
        .paddingInner(0.45)
        .paddingOuter(0.3);
      const y = scaleLinear([0, most || 1], [bottom, top]).nice(5);
      const middle = (week: Week) => (x(week.of) ?? 0) + x.bandwidth() / 2;
      const step = x.step() / 2;
      // The ranges reach half a week to each side, so that a single week has some too.
      const spread = (field: string) =>
        drawn.flatMap((week, index) => {
          const band = week.bands.find((each) => each.field === field);
          if (!band) return [];
          const at = middle(week);
          const edges = [at, ...(index === 0 ? [at - step] : []), ...(index === drawn.length - 1 ? [at + step] : [])];
          return edges
            .sort((one, other) => one - other)
            .map((edge): [number, number, number] => [Math.min(Math.max(edge, left), right), band.low, band.high]);
        });
      const ribbon = area<[number, number, number]>()
        .x((each) => each[0])
        .y0((each) => y(each[1]))
        .y1((each) => y(each[2]));
      const grid = y
        .ticks(5)
        .flatMap((tick) => [
          s("line", { class: tick === 0 ? "axis" : "grid", x1: left, x2: right, y1: y(tick), y2: y(tick) }),
          words(left - 7, y(tick), writer.value("count", tick), { class: "tick", "text-anchor": "end" }),
        ]);
      const bands = ["range_95", "range_80"].flatMap((field) => {
        const points = spread(field);
        return points.length ? [s("path", { class: `band ${field}`, d: ribbon(points) ?? "" })] : [];
      });
      const path = line<Week>()
        .x(middle)
        .y((week) => y(week.forecast))(drawn);
      const every = Math.ceil((drawn.length * (width < 480 ? 48 : 60)) / (right - left));
      const marks = drawn.map((week, index) => {
        const click = open(week.row);
        return s(
          "g",
          { class: click ? "row opens" : "row", click },
          s(
            "title",
            {},
            `Week of ${writer.value("date", week.of)}: booked ${week.booked}, forecast ${writer.value("decimal", week.forecast)}${week.bands.map(({ field, low, high }) => `, ${field === "range_80" ? "8 of 10" : "19 of 20"} weeks ${low}–${high}`).join("")}`,
          ),
          s("rect", { class: "hit", x: middle(week) - step, y: top, width: 2 * step, height: bottom - top + 34 }),
          s("rect", {
            class: "bar",
            x: x(week.of),
            y: y(week.booked),
            width: x.bandwidth(),
            height: Math.max(0, bottom - y(week.booked)),
            rx: 2,
            "data-field": "booked",
            "data-value": week.booked,
          }),
          week.booked > 0 &&
            words(middle(week), y(week.booked) + (bottom - y(week.booked) > 20 ? 11 : -8), String(week.booked), {
              class: bottom - y(week.booked) > 20 ? "inside" : "value",
              "text-anchor": "middle",
            }),
          s("circle", {
            class: "forecast",
            cx: middle(week),
            cy: y(week.forecast),
            r: 4.5,
            "data-field": "forecast",
            "data-value": week.forecast,
          }),
          index % every === 0 &&
            words(
              middle(week),
              bottom + 15,
              fit(writer.value("date", week.of).replace(/, \d{4}$/, ""), Math.max(2 * step * every, 40), 12),
              { class: "tick", "text-anchor": "middle" },
            ),
          week.row.holiday === true &&
            words(middle(week), bottom + 30, "holiday", { class: "tick soft", "text-anchor": "middle" }),
        );
      });
      const rule =
        busyWeek === undefined
          ? []
          : [
              s("line", {
                class: "rule",
                x1: left,
                x2: right,
                y1: y(busyWeek),
                y2: y(busyWeek),
                "data-field": "busy_week",
                "data-value": busyWeek,
              }),
            ];
      return {
        height: bottom + 40,
        marks: [...grid, ...bands, ...rule, s("path", { class: "forecast", d: path ?? "" }), ...marks],
      };
    },
  });
}

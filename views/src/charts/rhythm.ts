import { scaleLinear } from "d3-scale";
import { number, text, type Row } from "../answer.ts";
import { apart, fit, s } from "../dom.ts";
import type { Writer } from "../format.ts";
import { DRAWN } from "./bars.ts";
import { figure, key, plan, words } from "./frame.ts";

/** So many usual gaps before the last referral are shown, so that the rhythm can be seen. */
const PAST_GAPS = 4;

export interface Rhythm {
  title: string;
  rows: Row[];
  open(row: Row): (() => void) | undefined;
}

/** On one axis that ends today: each agent's usual gap, and how long nothing has come since the last referral. */
export function rhythm({ title, rows, open }: Rhythm, writer: Writer): HTMLElement | undefined {
  const drawn = rows
    .flatMap((row) => {
      const [since, gap] = [number(row.days_since), number(row.usual_gap_days)];
      return since === undefined || gap === undefined || gap <= 0 ? [] : [{ row, name: text(row.agent), since, gap }];
    })
    .slice(0, DRAWN);
  if (drawn.length === 0) return undefined;
  const longest = Math.max(...drawn.map(({ since, gap }) => since + PAST_GAPS * gap));
  const quietest = drawn.reduce((best, each) => (each.since > best.since ? each : best));
  const days = (count: number) => writer.value("days", count);
  return figure({
    title,
    sentence: `${drawn.length} ${drawn.length === 1 ? "agent" : "agents"}, each with the usual gap between referrals and the days since the last one. The longest silence: ${apart(quietest.name)}, ${days(quietest.since)}, with a usual gap of ${days(quietest.gap)}.`,
    legend: [
      key("beat", "dot", "last referral, with the usual rhythm before it"),
      key("waited", "line", "the usual gap"),
      key("silence", "line", "silence beyond it"),
    ],
    draw(width) {
      const top = 24;
      const at = plan(
        width,
        top,
        drawn.map(({ name }) => name),
      );
      const labelRoom = 74;
      const x = scaleLinear([-longest, 0], [at.left + 6, width - labelRoom]).nice(5);
      const height = at.middle(drawn.length - 1) + 20;
      const ticks = x.ticks(at.isNarrow ? 3 : 6).filter((tick) => tick <= 0);
      const grid = ticks.flatMap((tick) => [
        s("line", { class: tick === 0 ? "axis" : "grid", x1: x(tick), x2: x(tick), y1: top, y2: height - 6 }),
        words(x(tick), 9, tick === 0 ? "today" : at.isNarrow ? writer.value("count", -tick) : days(-tick), {
          class: "tick",
          "text-anchor": "middle",
        }),
      ]);
      const marks = drawn.map(({ row, name, since, gap }, index) => {
        const middle = at.middle(index);
        const due = Math.min(0, -since + gap);
        const click = open(row);
        const past = Array.from({ length: PAST_GAPS }, (_, beat) => -since - (beat + 1) * gap);
        return s(
          "g",
          { class: click ? "row opens" : "row", click },
          s("title", {}, `${name}: ${days(since)} since the last referral; usual gap ${days(gap)}`),
          s("rect", {
            class: "hit",
            x: 0,
            y: middle - (at.isNarrow ? 31 : at.rowHeight / 2),
            width,
            height: at.rowHeight,
          }),
          words(at.isNarrow ? at.left : at.left - 10, at.nameAt(index), fit(name, at.nameWidth), {
            class: "name",
            "text-anchor": at.isNarrow ? "start" : "end",
          }),
          ...past.map((day, beat) =>
            s("circle", { class: "beat past", cx: x(day), cy: middle, r: 3, opacity: 0.75 - beat * 0.15 }),
          ),
          s("line", { class: "silence", x1: x(due), x2: x(0), y1: middle, y2: middle }),
          s("line", {
            class: "waited",
            x1: x(-since),
            x2: x(due),
            y1: middle,
            y2: middle,
            "data-field": "usual_gap_days",
            "data-value": gap,
          }),
          s("circle", {
            class: "beat",
            cx: x(-since),
            cy: middle,
            r: 6,
            "data-field": "days_since",
            "data-value": since,
          }),
          words(x(0) + 8, middle, days(since), { class: "value" }),
        );
      });
      return { height, marks: [...grid, ...marks] };
    },
  });
}

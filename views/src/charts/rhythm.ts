import { scaleLinear } from "d3-scale";
import { number, text, type Row } from "../answer.ts";
import { apart, fit, s } from "../dom.ts";
import type { Writer } from "../format.ts";
import { DRAWN } from "./bars.ts";
import { figure, key, plan, words } from "./frame.ts";

/** So many days before the longest silence are shown at least, so that the rhythm before it can be seen. */
const PAST_DAYS = 365;

export interface Rhythm {
  title: string;
  rows: Row[];
  /** How many days ago the referrals of a row's agent were, the latest first. */
  referrals(row: Row): number[];
  open(row: Row): (() => void) | undefined;
}

/** On one axis that ends today: each agent's referrals, the usual gap after the last one, and the silence beyond it. */
export function rhythm({ title, rows, referrals, open }: Rhythm, writer: Writer): HTMLElement | undefined {
  const drawn = rows
    .flatMap((row) => {
      const sent = referrals(row);
      const [since, gap] = [number(row.days_since) ?? sent[0], number(row.usual_gap_days)];
      if (since === undefined || (sent.length === 0 && gap === undefined)) return [];
      return [{ row, name: text(row.agent), since, gap: gap !== undefined && gap > 0 ? gap : undefined, sent }];
    })
    .slice(0, DRAWN);
  if (drawn.length === 0) return undefined;
  const oldest = Math.max(...drawn.map(({ since, sent }) => Math.max(since, ...sent)));
  const longest = Math.max(30, Math.min(oldest, Math.max(...drawn.map(({ since }) => since)) + PAST_DAYS));
  const quietest = drawn.reduce((best, each) => (each.since > best.since ? each : best));
  const days = (count: number) => writer.value("days", count);
  const usual = quietest.gap === undefined ? "" : `, with a usual gap of ${days(quietest.gap)}`;
  const hasGaps = drawn.some(({ gap }) => gap !== undefined);
  const hasSent = drawn.some(({ sent }) => sent.length > 0);
  return figure({
    title,
    sentence: `${drawn.length} ${drawn.length === 1 ? "agent" : "agents"}, each with the referrals over time and the days since the last one. The longest silence: ${apart(quietest.name)}, ${days(quietest.since)}${usual}.`,
    legend: [
      hasSent && key("sent", "stroke", "a referral"),
      key("beat", "dot", "the last one"),
      hasGaps && key("waited", "line", "the usual gap"),
      hasGaps && key("silence", "line", "silence beyond it"),
    ],
    draw(width) {
      const top = 24;
      const at = plan(
        width,
        top,
        drawn.map(({ name }) => name),
      );
      const labelRoom = 74;
      const x = scaleLinear([-longest, 0], [at.left + 6, width - labelRoom]);
      const height = at.middle(drawn.length - 1) + 20;
      const ticks = x.ticks(at.isNarrow ? 3 : 6).filter((tick) => tick <= 0);
      const grid = ticks.flatMap((tick) => [
        s("line", { class: tick === 0 ? "axis" : "grid", x1: x(tick), x2: x(tick), y1: top, y2: height - 6 }),
        words(x(tick), 9, tick === 0 ? "today" : at.isNarrow ? writer.value("count", -tick) : days(-tick), {
          class: "tick",
          "text-anchor": "middle",
        }),
      ]);
      const marks = drawn.map(({ row, name, since, gap, sent }, index) => {
        const middle = at.middle(index);
        const due = gap === undefined ? 0 : Math.min(0, -since + gap);
        const click = open(row);
        const rhythmWords = gap === undefined ? "" : `usual gap ${days(Math.round(gap))}`;
        const nameWidth = at.isNarrow && rhythmWords ? at.nameWidth * 0.6 : at.nameWidth;
        return s(
          "g",
          { class: click ? "row opens" : "row", click },
          s("title", {}, `${name}: ${days(since)} since the last referral${rhythmWords && `; ${rhythmWords}`}`),
          s("rect", {
            class: "hit",
            x: 0,
            y: middle - (at.isNarrow ? 31 : at.rowHeight / 2),
            width,
            height: at.rowHeight,
          }),
          words(at.isNarrow ? at.left : at.left - 10, at.nameAt(index), fit(name, nameWidth), {
            class: "name",
            "text-anchor": at.isNarrow ? "start" : "end",
          }),
          at.isNarrow && words(width, at.nameAt(index), rhythmWords, { class: "tick", "text-anchor": "end" }),
          gap !== undefined && s("line", { class: "silence", x1: x(due), x2: x(0), y1: middle, y2: middle }),
          gap !== undefined &&
            s("line", {
              class: "waited",
              x1: x(-since),
              x2: x(due),
              y1: middle,
              y2: middle,
              "data-field": "usual_gap_days",
              "data-value": gap,
            }),
          ...sent
            .filter((ago) => ago <= longest)
            .map((ago) =>
              s("line", {
                class: "sent",
                x1: x(-ago),
                x2: x(-ago),
                y1: middle - 7,
                y2: middle + 7,
                "data-field": "referral",
                "data-value": ago,
              }),
            ),
          s("circle", {
            class: "beat",
            cx: x(-since),
            cy: middle,
            r: 5,
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

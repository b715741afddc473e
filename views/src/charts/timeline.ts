import { scaleLinear } from "d3-scale";
import { apart, fit, s } from "../dom.ts";
import type { Writer } from "../format.ts";
import { figure, key, plan, words } from "./frame.ts";

/** A job in the day of an inspector. */
export interface Block {
  inspector: string;
  begins: number;
  ends: number;
  label: string;
  needsAttention: boolean;
  open?: (() => void) | undefined;
}

/** The hours of a day, with each inspector's jobs in them. Jobs at the same time stand one below the other. */
export function timeline(title: string, blocks: Block[], writer: Writer): HTMLElement | undefined {
  if (blocks.length === 0) return undefined;
  const people = [...new Set(blocks.map(({ inspector }) => inspector))];
  const clock = (hour: number) =>
    writer.value("time", `${Math.floor(hour) % 24}:${String(Math.round((hour % 1) * 60)).padStart(2, "0")}`);
  const [from, to] = [
    Math.floor(Math.min(...blocks.map(({ begins }) => begins))),
    Math.ceil(Math.max(...blocks.map(({ ends }) => ends))),
  ];
  const told = people.map(
    (person) =>
      `${apart(person)} ${blocks
        .filter(({ inspector }) => inspector === person)
        .map(({ begins, ends }) => `${clock(begins)} to ${clock(ends)}`)
        .join(" and ")}`,
  );
  return figure({
    title,
    sentence: `${told.join("; ")}.`,
    legend: blocks.some(({ needsAttention }) => needsAttention) ? [key("job attention", "box", "needs attention")] : [],
    draw(width) {
      const top = 24;
      const { isNarrow, nameWidth, left } = plan(width, top, people);
      const x = scaleLinear([from, Math.max(to, from + 1)], [left, width - 8]);
      const every = (to - from) * 52 > width - left ? 3 : 1;
      const hours = Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
        (_, index) => index % every === 0,
      );
      let y = top;
      const marks = people.flatMap((person) => {
        const own = blocks
          .filter(({ inspector }) => inspector === person)
          .sort((one, other) => one.begins - other.begins);
        const lanes: number[] = [];
        const nameRoom = isNarrow ? 20 : 0;
        const begin = y;
        const drawn = own.map((block) => {
          const free = lanes.findIndex((end) => end <= block.begins);
          const lane = free < 0 ? lanes.length : free;
          lanes[lane] = block.ends;
          const [at, span] = [begin + nameRoom + lane * 30 + 3, Math.max(4, x(block.ends) - x(block.begins) - 2)];
          return s(
            "g",
            { class: block.open ? "row opens" : "row", click: block.open },
            s("title", {}, `${person}, ${clock(block.begins)} to ${clock(block.ends)}: ${block.label}`),
            s("rect", {
              class: `job${block.needsAttention ? " attention" : ""}`,
              x: x(block.begins),
              y: at,
              width: span,
              height: 24,
              rx: 4,
              "data-begins": block.begins,
              "data-ends": block.ends,
            }),
            words(x(block.begins) + 7, at + 12, fit(block.label, span - 12, 12), { class: "inside" }),
          );
        });
        y += nameRoom + lanes.length * 30 + 6;
        const nameY = isNarrow ? begin + 10 : begin + 15;
        return [
          words(isNarrow ? left : left - 10, nameY, fit(person, nameWidth), {
            class: "name",
            "text-anchor": isNarrow ? "start" : "end",
          }),
          ...drawn,
        ];
      });
      const grid = hours.flatMap((hour) => [
        s("line", { class: "grid", x1: x(hour), x2: x(hour), y1: top - 4, y2: y }),
        words(x(hour), 9, clock(hour).replace(":00", ""), {
          class: "tick",
          "text-anchor": hour === to ? "end" : hour === from && isNarrow ? "start" : "middle",
        }),
      ]);
      return { height: y + 4, marks: [...grid, ...marks] };
    },
  });
}

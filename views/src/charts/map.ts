import { extent, max } from "d3-array";
import { scaleSqrt } from "d3-scale";
import { number, share, text, type Row } from "../answer.ts";
import type { Places } from "../beside.ts";
import { apart, fit, s } from "../dom.ts";
import type { Writer } from "../format.ts";
import { figure, key, words } from "./frame.ts";

export interface MapOfDots {
  title: string;
  rows: Row[];
  places: Places;
  norm: number | undefined;
  open(row: Row): (() => void) | undefined;
}

/** Left, top, right, bottom. */
type Box = [number, number, number, number];

const around = (x: number, y: number, across: number, down: number): Box => [
  x - across,
  y - down,
  x + across,
  y + down,
];
const overlap = (one: Box, other: Box) =>
  one[0] < other[2] && one[2] > other[0] && one[1] < other[3] && one[3] > other[1];

const MILES_PER_DEGREE = 69.05;

/** A dot for each ZIP where it is: as large as its inspections, as strong in color as its add-on rate. */
export function map({ title, rows, places, norm, open }: MapOfDots, writer: Writer): HTMLElement | undefined {
  const dots = rows.flatMap((row) => {
    const [zip, volume, rate] = [text(row.group), number(row.volume) ?? 0, share(row.attach)];
    const place = places.get(zip);
    return place ? [{ row, zip, volume, rate, latitude: place[0], longitude: place[1] }] : [];
  });
  if (dots.length < 2) return undefined;
  // The large ones below, so that the small ones are not hidden.
  dots.sort((one, other) => other.volume - one.volume);
  const [first] = dots;
  const without = rows.length - dots.length;
  const [south = 0, north = 0] = extent(dots, ({ latitude }) => latitude);
  const [west = 0, east = 0] = extent(dots, ({ longitude }) => longitude);
  const narrowing = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const side = (rate: number | undefined) =>
    rate === undefined || norm === undefined
      ? "near"
      : rate >= norm + 0.05
        ? "above"
        : rate <= norm - 0.05
          ? "below"
          : "near";
  return figure({
    title,
    sentence: `${dots.length} ZIPs where they are. Most inspections: ${apart(first?.zip ?? "")} with ${writer.short("count", first?.volume)}.${without > 0 ? ` ${without} ${without === 1 ? "group has" : "groups have"} no known place.` : ""}`,
    legend: [
      "Larger: more inspections.",
      key("above", "dot", "add-on rate 5 points or more above the company's"),
      key("near", "dot", "within 5 points"),
      key("below", "dot", "5 points or more below"),
      without > 0 ? `${without} without a known place.` : "",
    ],
    draw(width) {
      const pad = 40;
      const [across, down] = [Math.max((east - west) * narrowing, 0.02), Math.max(north - south, 0.02)];
      const scale = Math.min((width - 2 * pad) / across, 340 / down);
      const height = Math.max(160, Math.round(down * scale + 2 * pad + 14));
      const x = (longitude: number) => width / 2 + (longitude - (west + east) / 2) * narrowing * scale;
      const y = (latitude: number) => (height - 14) / 2 - (latitude - (south + north) / 2) * scale;
      const radius = scaleSqrt([0, max(dots, ({ volume }) => volume) || 1], [2, width < 480 ? 18 : 24]);
      const taken: Box[] = dots.map((dot) =>
        around(x(dot.longitude), y(dot.latitude), radius(dot.volume), radius(dot.volume)),
      );
      const marks = dots.map((dot) => {
        const click = open(dot.row);
        const [cx, cy, r] = [x(dot.longitude), y(dot.latitude), radius(dot.volume)];
        return s(
          "g",
          { class: click ? "row opens" : "row", click },
          s(
            "title",
            {},
            `${dot.zip}: ${writer.value("count", dot.volume)} inspections, add-on rate ${writer.value("rate", dot.row.attach)}`,
          ),
          s("circle", {
            class: `place ${side(dot.rate)}`,
            cx,
            cy,
            r,
            "data-zip": dot.zip,
            "data-field": "volume",
            "data-value": dot.volume,
          }),
        );
      });
      // A label stands where it hides nothing, or in a large dot; where neither is possible, the table below has it.
      const labels = dots.flatMap((dot, index) => {
        const [cx, cy, r] = [x(dot.longitude), y(dot.latitude), radius(dot.volume)];
        const free = (
          [
            [0, r + 9],
            [0, -r - 9],
            [r + 24, 0],
            [-r - 24, 0],
          ] as const
        ).find(([right, down]) => {
          const box = around(cx + right, cy + down, 20, 7);
          return !taken.some((other, which) => which !== index && overlap(box, other));
        });
        if (!free)
          return r < 18 ? [] : [words(cx, cy, fit(dot.zip, 46, 12), { class: "tick halo", "text-anchor": "middle" })];
        taken.push(around(cx + free[0], cy + free[1], 20, 7));
        return [
          words(cx + free[0], cy + free[1], fit(dot.zip, 46, 12), { class: "tick halo", "text-anchor": "middle" }),
        ];
      });
      return { height, marks: [...scaleBar(scale, height), ...marks, ...labels] };
    },
  });
}

/** A line as long as so many miles. */
function scaleBar(pixelsPerDegree: number, height: number): SVGElement[] {
  const perMile = pixelsPerDegree / MILES_PER_DEGREE;
  const miles = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => each * perMile >= 40) ?? 1000;
  return [
    s("path", { class: "axis", d: `M4 ${height - 12}v6h${(miles * perMile).toFixed(1)}v-6` }),
    words(10 + miles * perMile, height - 8, `${miles} ${miles === 1 ? "mile" : "miles"}`, { class: "tick" }),
  ];
}

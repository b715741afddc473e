import { isRow, number, rows, text, type Row } from "../answer.ts";
import { bars } from "../charts/bars.ts";
import { areTimes, columns } from "../charts/columns.ts";
import { freshId, h, type Child } from "../dom.ts";
import { groupsOf, ofCell } from "../drill.ts";
import { fieldOf, type Field } from "../layouts.ts";
import type { Scene } from "../scene.ts";

/** Counts, sums and means by group. One measure is drawn at a time. */
export function breakdown(answer: Row, scene: Scene): Child[] {
  const shown = rows(answer.rows);
  const by = groupsOf(scene.args, answer);
  const totals = isRow(answer.totals) ? answer.totals : {};
  const others = isRow(answer.others) ? answer.others : undefined;
  const measures = Object.keys(shown[0] ?? totals)
    .filter((name) => !by.includes(name) && shown.some((row) => number(row[name]) !== undefined))
    .map((name) => fieldOf(name, shown));
  const question = (row: Row) => ofCell(scene, row, by, measures);
  const footer = [
    ...(others ? [{ words: `Others (${scene.writer.value("count", others.groups)} groups)`, row: others }] : []),
    ...(Object.keys(totals).length ? [{ words: "Total", row: totals }] : []),
  ];
  return [
    scene.figures(
      totals,
      measures.map(({ name }) => name),
    ),
    picture(shown, by, measures, (row) => scene.opens(question(row)), scene),
    shown.length === 0 && h("p", { class: "nothing" }, "No inspection fits this question."),
    scene.table("rows", shown, {
      caption: `By ${groupWords(by, shown)}`,
      columns: [...by, ...measures.map(({ name }) => name)],
      question,
      footer,
    }),
    answer.adds_up === false &&
      h("p", { class: "remark" }, "The rows add up to more than the total, as an inspection can be in several."),
    scene.table("companies", answer.companies),
  ];
}

/** The groups inside a sentence: `inspector and weekday`, but `ZIP`. */
function groupWords(by: string[], shown: Row[]): string {
  const inside = (label: string) => label.replace(/^\p{Lu}(?=\p{Ll})/u, (first) => first.toLowerCase());
  return by.map((name) => inside(fieldOf(name, shown).label)).join(" and ");
}

function picture(
  shown: Row[],
  by: string[],
  measures: Field[],
  open: (row: Row) => (() => void) | undefined,
  scene: Scene,
): HTMLElement | undefined {
  const [first] = measures;
  if (!first) return undefined;
  const group = (row: Row) => by.map((name) => text(row[name])).join(", ");
  const isOverTime = by.length === 1 && areTimes(shown.map(group));
  const draw = (field: Field) => {
    const title = `${field.label} by ${groupWords(by, shown)}`;
    const name = (row: Row) => by.map((one) => scene.writer.value(fieldOf(one, shown).format, row[one])).join(", ");
    const drawn = isOverTime
      ? columns({ title, rows: shown, time: group, field, open }, scene.writer)
      : bars({ title, rows: shown, name, field, open }, scene.writer);
    return drawn ?? "";
  };
  const place = h("div", {}, draw(first));
  if (measures.length === 1) return place;
  const id = freshId("measure");
  const choose = h(
    "select",
    {
      id,
      change: () => {
        const chosen = measures.find(({ name }) => name === choose.value) ?? first;
        place.replaceChildren(draw(chosen));
        scene.say(`${text(chosen.label)} is drawn`);
      },
    },
    ...measures.map(({ name, label }) => h("option", { value: name }, label)),
  );
  return h("div", {}, h("div", { class: "search" }, h("label", { for: id }, "Draw"), choose), place);
}

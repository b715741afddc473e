import { number, rows, text, type Row } from "../answer.ts";
import { bars } from "../charts/bars.ts";
import { forecast } from "../charts/forecast.ts";
import { h, type Child } from "../dom.ts";
import { ofUtilization, ofWeek } from "../drill.ts";
import { field, table } from "../layouts.ts";
import type { Scene } from "../scene.ts";

/** The weeks ahead, and how full each inspector is. */
export function capacity(company: Row, scene: Scene): Child[] {
  const [weeks, inspectors] = [rows(company.weeks), rows(company.inspectors)];
  const chart = table(scene.tool, "inspectors", inspectors).chart ?? "utilization";
  const ofPerson = (row: Row) => ofUtilization(scene, row, weeks);
  return [
    scene.figures(company, ["median_week", "busy_week", "busy_week_hours", "error_per_week"]),
    ...ahead(weeks, number(company.busy_week), scene),
    bars(
      {
        title: `${field(chart).label} by inspector`,
        rows: inspectors,
        name: (row) => text(row.inspector),
        field: field(chart),
        open: (row) => scene.opens(ofPerson(row)),
      },
      scene.writer,
    ),
    scene.table("inspectors", inspectors, { question: ofPerson }),
    scene.following(company),
    scene.remark(company, [
      "model",
      "weeks_of_history",
      "naive_error_per_week",
      "back_test_starts",
      "level_changed_around",
      "level_times",
    ]),
  ];
}

export function capacityTogether(combined: Row, scene: Scene): Child[] {
  return ahead(rows(combined.weeks), undefined, scene);
}

function ahead(weeks: Row[], busyWeek: number | undefined, scene: Scene): Child[] {
  const question = (row: Row) => ofWeek(scene, row);
  return [
    forecast(
      { title: "Inspections a week: booked and forecast", weeks, busyWeek, open: (row) => scene.opens(question(row)) },
      scene.writer,
    ),
    weeks.length === 0 && h("p", { class: "nothing" }, "There is no week to plan for."),
    scene.table("weeks", weeks, { question }),
  ];
}

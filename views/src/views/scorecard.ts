import { isRow, rows, share, type Row } from "../answer.ts";
import { dots } from "../charts/dots.ts";
import type { Child } from "../dom.ts";
import { ofInspector } from "../drill.ts";
import { field, table } from "../layouts.ts";
import type { Scene } from "../scene.ts";

/** Inspectors beside each other and beside their company. */
export function scorecard(company: Row, scene: Scene): Child[] {
  const whole = isRow(company.whole_company) ? company.whole_company : {};
  const inspectors = rows(company.inspectors);
  const chart = table(scene.tool, "inspectors", inspectors).chart ?? "attach";
  return [
    scene.figures(whole, ["volume", chart, "cancellation", "hours", "quoted_revenue", "assists"]),
    dots(
      {
        title: `${field(chart).label} by inspector`,
        rows: inspectors,
        field: chart,
        label: field(chart).label,
        norm: share(whole[chart]),
        open: (row) => scene.opens(ofInspector(scene, row)),
      },
      scene.writer,
    ),
    scene.table("inspectors", inspectors, {
      question: (row) => ofInspector(scene, row),
      footer: Object.keys(whole).length ? [{ words: "Whole company", row: whole }] : [],
    }),
  ];
}

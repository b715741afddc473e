import { rows, share, text, type Row } from "../answer.ts";
import { bars } from "../charts/bars.ts";
import { areTimes, columns } from "../charts/columns.ts";
import { map } from "../charts/map.ts";
import { given, h, type Child } from "../dom.ts";
import { ofGroup } from "../drill.ts";
import { field } from "../layouts.ts";
import { part, type Scene } from "../scene.ts";

/** What is sold where: a map where the places are known, else bars. */
export function mix(company: Row, scene: Scene): Child[] {
  const groups = rows(company.groups);
  const by = text(scene.args.by) || "zip";
  const what = by === "zip" ? "ZIP" : by;
  const question = (row: Row) => ofGroup(scene, row);
  const open = (row: Row) => scene.opens(question(row));
  const name = (row: Row) => text(row.group);
  const shares = (list: string) =>
    bars(
      { title: field(list).label, rows: rows(company[list]), name: (row) => text(row.name), field: field("rate") },
      scene.writer,
    );
  return [
    scene.figures(company, ["volume", "attach"]),
    (by === "zip" &&
      map(
        {
          title: "Inspections and add-ons by ZIP",
          rows: groups,
          places: scene.beside.places,
          norm: share(company.attach),
          open,
        },
        scene.writer,
      )) ||
      (areTimes(groups.map(name)) &&
        columns(
          { title: `Inspections by ${what}`, rows: groups, time: name, field: field("volume"), open },
          scene.writer,
        )) ||
      bars(
        {
          title: `Inspections by ${what}`,
          rows: groups,
          name,
          field: field("volume"),
          before: field("volume_before"),
          open,
        },
        scene.writer,
      ),
    scene.table("groups", groups, { caption: `By ${what}`, question }),
    scene.following(company),
    h("div", { class: "beside" }, ...given([shares("services"), shares("add_ons")])),
    part(
      "Growing and shrinking, against the rest of the company",
      scene.table("growing", company.growing, { question }),
      scene.table("shrinking", company.shrinking, { question }),
    ),
    part(field("below_norm").label, scene.table("below_norm", company.below_norm)),
  ];
}

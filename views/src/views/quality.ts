import { rows, type Row } from "../answer.ts";
import { h, type Child } from "../dom.ts";
import type { Scene } from "../scene.ts";

/** What distorts the numbers. */
export function quality(company: Row, scene: Scene): Child[] {
  const findings = rows(company.findings);
  return [
    findings.length === 0 && h("p", { class: "nothing" }, "Nothing was found that distorts the numbers."),
    scene.table("findings", findings),
  ];
}

import { isRow, rows, text, type Row } from "../answer.ts";
import type { Child } from "../dom.ts";
import type { Scene } from "../scene.ts";
import { agents, agentsTogether } from "./agents.ts";
import { breakdown } from "./breakdown.ts";
import { briefing } from "./briefing.ts";
import { capacity, capacityTogether } from "./capacity.ts";
import { mix } from "./mix.ts";
import { plain } from "./plain.ts";
import { quality } from "./quality.ts";
import { scorecard } from "./scorecard.ts";

type View = (part: Row, scene: Scene) => Child[];

/** The views that draw one company at a time, and the companies together. */
const BY_COMPANY: Record<string, { each: View; together?: View }> = {
  inspector_scorecard: { each: scorecard },
  agent_analysis: { each: agents, together: agentsTogether },
  service_mix: { each: mix },
  prep_briefing: { each: briefing },
  capacity_plan: { each: capacity, together: capacityTogether },
  data_quality: { each: quality },
};

/** A part of an answer that has a tab of its own. */
export interface Part {
  name: string;
  company: string | undefined;
  draw(scene: Scene): Child[];
}

/** The parts of an answer: its companies and what they are together; an answer that is not by company is one part. */
export function parts(tool: string, answer: Row): Part[] {
  const view = Object.hasOwn(BY_COMPANY, tool) ? BY_COMPANY[tool] : undefined;
  const companies = rows(answer.companies);
  if (!view || companies.length === 0) {
    return [
      { name: "", company: undefined, draw: (scene) => (tool === "breakdown" ? breakdown : plain)(answer, scene) },
    ];
  }
  const each = companies.map((company): Part => ({
    name: text(company.company),
    company: text(company.company) || undefined,
    draw: (scene) => view.each(company, scene),
  }));
  const { combined } = answer;
  if (companies.length < 2 || !isRow(combined)) return each;
  const together =
    view.together ??
    ((whole: Row, scene: Scene) => [
      scene.figures(
        whole,
        Object.keys(whole).filter((name) => !Array.isArray(whole[name])),
      ),
    ]);
  return [...each, { name: "All together", company: undefined, draw: (scene) => together(combined, scene) }];
}

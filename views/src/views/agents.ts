import { isRow, rows, text, type Row } from "../answer.ts";
import { bars } from "../charts/bars.ts";
import { rhythm } from "../charts/rhythm.ts";
import { apart, given, h, named, type Child } from "../dom.ts";
import { ofAgent } from "../drill.ts";
import { field } from "../layouts.ts";
import { part, type Scene } from "../scene.ts";
import { plain } from "./plain.ts";

const HEADINGS: Record<string, string> = {
  top: "Top agents",
  dormant: "Agents gone quiet",
  new: "New agents",
  rising: "Rising agents",
  fading: "Fading agents",
  one: "Agent profile",
};

/** What an answer of this mode is called. */
export function agentsHeading(args: Row): string | undefined {
  const mode = text(args.mode);
  return Object.hasOwn(HEADINGS, mode) ? HEADINGS[mode] : undefined;
}

/** Agents who refer: those who send most, those gone quiet, rising, fading and new ones, or one alone. */
export function agents(company: Row, scene: Scene): Child[] {
  if (isRow(company.agent)) return profile(company.agent, scene);
  const found = rows(company.agents);
  const has = (name: string) => found.some((row) => name in row);
  const isRanked = has("referrals");
  const question = (row: Row) => ofAgent(scene, row, !isRanked);
  const open = (row: Row) => scene.opens(question(row));
  const referrals = (row: Row) => scene.beside.referrals(scene.company, text(row.id));
  return [
    scene.figures(company, [
      "found",
      "quoted_revenue",
      "revenue_share_of_top_1",
      "revenue_share_of_top_5",
      "revenue_share_of_top_10",
      "performed_without_agent",
      "found_by_90_days_rule",
    ]),
    !has("usual_gap_days") && ranking(found, open, scene),
    rhythm(
      {
        title: has("usual_gap_days")
          ? "Who has gone quiet: the referrals, and the days since the last one"
          : "When each agent sent work",
        rows: found,
        referrals,
        open,
      },
      scene.writer,
    ),
    found.length === 0 && h("p", { class: "nothing" }, "No agent was found."),
    scene.table("agents", found, { question }),
    scene.following(company),
    disagreement(company),
    scene.remark(company, ["rule", "tried"]),
  ];
}

/** Agents of all companies together: one who is known in several counts once. */
export function agentsTogether(combined: Row, scene: Scene): Child[] {
  const found = rows(combined.agents);
  const question = (row: Row) => ofAgent(scene, { agent: row.agent }, false);
  return [
    scene.figures(combined, ["found_in_several_companies", "quoted_revenue"]),
    ranking(found, (row) => scene.opens(question(row)), scene),
    found.length === 0 && h("p", { class: "nothing" }, "No agent was found in several companies."),
    scene.table("agents", found, { question }),
  ];
}

function ranking(found: Row[], open: (row: Row) => (() => void) | undefined, scene: Scene): HTMLElement | undefined {
  const drawn = [
    ["last_90_days", "expected_last_90_days"],
    ["quoted_revenue", undefined],
    ["referrals", "referrals_before"],
    ["referrals_ever", undefined],
  ].find(([name]) => name && found.some((row) => name in row));
  const [name, before] = drawn ?? [];
  if (!name) return undefined;
  return bars(
    {
      title: `${field(name).label} by agent`,
      rows: found,
      name: (row) => text(row.agent),
      field: field(name),
      before: before ? field(before) : undefined,
      open,
    },
    scene.writer,
  );
}

const FIGURES = ["referrals", "quoted_revenue", "revenue_share", "attach", "selling_side", "at_stake_a_year"];
const SHARES = ["usual_services", "usual_add_ons", "usual_inspectors"];

function profile(agent: Row, scene: Scene): Child[] {
  const question = ofAgent(scene, agent, false);
  const open = scene.opens(question);
  const list = (name: string) => {
    const shown = rows(agent[name]);
    return bars(
      { title: field(name).label, rows: shown, name: (row) => text(row.name), field: field("rate") },
      scene.writer,
    );
  };
  const rest = Object.fromEntries(
    Object.entries(agent).filter(
      ([name]) => ![...FIGURES, ...SHARES, "agent", "agency", "referrals_before", "by_year"].includes(name),
    ),
  );
  return [
    h(
      "div",
      {},
      h("h2", {}, named(text(agent.agent))),
      text(agent.agency) && h("p", { class: "under", dir: "auto" }, text(agent.agency)),
    ),
    scene.figures(agent, FIGURES),
    open && h("p", {}, h("button", { type: "button", class: "plain", click: open }, "Show the referrals")),
    rhythm(
      {
        title: `When ${apart(text(agent.agent))} sent work, and the days since the last referral`,
        rows: [agent],
        referrals: (row) => scene.beside.referrals(scene.company, text(row.id)),
        open: () => open,
      },
      scene.writer,
    ),
    bars(
      {
        title: "Performed inspections by year",
        rows: rows(agent.by_year),
        name: (row) => text(row.year),
        field: field("performed"),
      },
      scene.writer,
    ),
    h("div", { class: "beside" }, ...given(SHARES.map(list))),
    part("What else is known", ...plain(rest, scene)),
  ];
}

function disagreement(company: Row): HTMLElement | undefined {
  const told = company.statistics_disagree;
  if (!isRow(told)) return undefined;
  return h(
    "p",
    { class: "remark" },
    `Spectora's own statistics disagree for ${text(told.agents)} of ${text(told.of)} agents; data quality says more.`,
  );
}

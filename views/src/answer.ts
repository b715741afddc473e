/** What the tools answer, as far as the page must know it. Nothing in it is trusted: each value is looked at before use. */

export type Row = Record<string, unknown>;

/** The result of a tool call, as the host hands it over. */
export interface ToolResult {
  structuredContent?: Row;
  content?: unknown;
  isError?: boolean;
  _meta?: Row;
}

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The rows of a list; whatever else stands in it is left out. */
export function rows(value: unknown): Row[] {
  return Array.isArray(value) ? value.filter(isRow) : [];
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text).filter((each) => each !== "") : [];
}

/** The number in a value: money comes as text, a share as an object. */
export function number(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (isRow(value)) return share(value);
  return undefined;
}

/** A share between 0 and 1. It is worked out from its counts where they are told, as `rate` is already rounded. */
export function share(value: unknown): number | undefined {
  if (!isRow(value)) return undefined;
  const { rate, count, of } = value;
  if (typeof count === "number" && typeof of === "number" && of > 0) return count / of;
  return typeof rate === "number" ? rate : undefined;
}

/** The words of a result, for answers that are not more than that. */
export function words(result: ToolResult): string {
  return rows(result.content)
    .filter((block) => block.type === "text")
    .map((block) => text(block.text))
    .join("\n");
}

/** Which tool an answer is from, told by its shape. */
export function recognize(answer: Row): string {
  const [company] = rows(answer.companies);
  const has = (name: string) => company !== undefined && name in company;
  if (has("inspectors") && has("whole_company")) return "inspector_scorecard";
  if (has("agents") || has("agent")) return "agent_analysis";
  if (has("groups") && has("services")) return "service_mix";
  if (has("weeks")) return "capacity_plan";
  if (has("jobs_booked") || has("jobs")) return "prep_briefing";
  if (has("findings")) return "data_quality";
  if ("rows" in answer && "adds_up" in answer) return "breakdown";
  return "";
}

/** The list of each answer that goes on on the next page. */
const PAGED: Record<string, string> = {
  inspector_scorecard: "inspectors",
  agent_analysis: "agents",
  service_mix: "groups",
  capacity_plan: "inspectors",
  prep_briefing: "jobs",
  breakdown: "rows",
};

/** An answer together with its next page. What is told about the rows that are still left is taken from the later one. */
export function joined(tool: string, first: Row, next: Row): Row {
  const list = PAGED[tool] ?? "items";
  const together = (before: Row, after: Row): Row => {
    const kept = Object.entries(before).filter(([name]) => !/(^|_)not_shown$|^others$|^next_cursor$/.test(name));
    const left = Object.entries(after).filter(([name]) => /(^|_)not_shown$|^others$|^next_cursor$/.test(name));
    const whole = Object.fromEntries([...kept, ...left]);
    if (list in before) whole[list] = [...rows(before[list]), ...rows(after[list])];
    // A page counts the rows of the pages before it among the others; their sums cannot be taken out of means and shares.
    if (isRow(after.others)) {
      const groups = (number(after.others.groups) ?? 0) - rows(before[list]).length;
      if (groups > 0) whole.others = { groups };
      else delete whole.others;
    }
    return whole;
  };
  const whole = together(first, next);
  if (Array.isArray(first.companies) && list !== "rows") {
    const later = rows(next.companies);
    const known = rows(first.companies);
    whole.companies = [
      ...known.map((company) => together(company, later.find((other) => other.company === company.company) ?? {})),
      ...later.filter((company) => !known.some((other) => other.company === company.company)),
    ];
  }
  return whole;
}

import { isRow, rows, text, texts, type Row } from "./answer.ts";
import { period } from "./basis.ts";
import { daysLater } from "./format.ts";

/** A question to one of our tools, under a name to choose it by. */
export interface Choice {
  label: string;
  tool: string;
  args: Row;
}

/** What a row or a bar asks when it is opened: one question at least. */
export interface Question {
  title: string;
  choices: Choice[];
}

/** What narrowed the answer, and narrows the inspections behind its numbers in the same way. */
const FILTERS = [
  "inspector",
  "agent",
  "agency",
  "service",
  "add_on",
  "zip",
  "city",
  "team",
  "tag",
  "status",
  "paid",
  "confirmed",
];

/** Dated before every company of this trade began to use the service. */
const EVER = "2000-01-01";

/** Where the question comes from. */
export interface Asked {
  args: Row;
  basis: Row;
  company: string | undefined;
}

function base({ args, basis, company }: Asked): Row {
  const days = period(basis, "period", company);
  const from = text(days?.from);
  const to = text(days?.to);
  return {
    ...Object.fromEntries(FILTERS.filter((name) => name in args).map((name) => [name, args[name]])),
    ...(company ? { company } : typeof args.company === "string" ? { company: args.company } : {}),
    ...(from && to ? { from, to } : {}),
  };
}

function choice(label: string, args: Row): Choice {
  return { label, tool: "explain", args };
}

/** The record that a row is about: by its id, else by its name. */
function key(row: Row, name: string): string {
  return text(row.id) || text(row[name]);
}

export function ofInspector(asked: Asked, row: Row): Question {
  const args = { ...base(asked), inspector: key(row, "inspector") };
  const metrics: [string, string][] = [
    ["Inspections", "volume"],
    ["With add-ons", "attach"],
    ["Canceled", "canceled"],
    ...("assists" in row ? [["Assists", "assists"] as [string, string]] : []),
  ];
  return { title: text(row.inspector), choices: metrics.map(([label, metric]) => choice(label, { ...args, metric })) };
}

/** `ever`: the answer counts all the agent's years, not only its period. */
export function ofAgent(asked: Asked, row: Row, ever: boolean): Question {
  const args = { ...base(asked), agent: key(row, "agent") };
  const all = "to" in args ? { ...args, from: EVER } : args;
  const kept = ever ? all : args;
  const choices = [
    choice("Referrals", { ...kept, metric: "referrals" }),
    choice("Selling side", { ...kept, metric: "selling_side" }),
    ...(ever ? [] : [choice("All years", { ...all, metric: "referrals" })]),
  ];
  return { title: text(row.agent), choices };
}

export function ofGroup(asked: Asked, row: Row): Question | undefined {
  const group = text(row.group ?? row.name);
  const by = text(asked.args.by) || "zip";
  // Those without a group cannot be asked for by its name.
  if (!group || group.startsWith("(")) return undefined;
  const month = /^(\d{4})-(\d{2})$/.exec(group);
  const last = month ? new Date(Date.UTC(Number(month[1]), Number(month[2]), 0)).toISOString().slice(0, 10) : "";
  const args = { ...base(asked), ...(by === "month" && month ? { from: `${group}-01`, to: last } : { [by]: group }) };
  return {
    title: group,
    choices: [
      choice("Inspections", { ...args, metric: "volume" }),
      choice("With add-ons", { ...args, metric: "attach" }),
    ],
  };
}

export function ofWeek(asked: Asked, row: Row): Question {
  const from = text(row.week_of);
  const args = { ...base(asked), from, to: daysLater(from, 6) };
  return {
    title: `Week of ${from}`,
    choices: [
      choice("Booked", { ...args, metric: "upcoming" }),
      choice("How it is worked out", { ...base(asked), metric: "forecast" }),
    ],
  };
}

export function ofUtilization(asked: Asked, row: Row, weeks: Row[]): Question | undefined {
  const [next, after] = weeks.map((week) => text(week.week_of));
  if (!next) return undefined;
  const args = { ...base(asked), inspector: key(row, "inspector"), metric: "upcoming" };
  return {
    title: text(row.inspector),
    choices: [
      choice("Next week", { ...args, from: next, to: daysLater(next, 6) }),
      ...(after ? [choice("Week after", { ...args, from: after, to: daysLater(after, 6) })] : []),
    ],
  };
}

export function ofCell(asked: Asked, row: Row, by: string[], measures: { name: string; label: string }[]): Question {
  const cell = by.map((name) => text(row[name]));
  const args = { ...base(asked), by, cell, ...(asked.args.date_of ? { date_of: asked.args.date_of } : {}) };
  return {
    title: cell.join(", "),
    choices: measures.map(({ name, label }) => choice(label, { ...args, metric: name })),
  };
}

export function ofJob(asked: Asked, row: Row): Question {
  const args = { ...(asked.company ? { company: asked.company } : {}), inspection: text(row.id) };
  const title = [text(row.time), texts(row.clients).join(" and ")].filter(Boolean).join(", ");
  return { title, choices: [{ label: "Details", tool: "get_inspection", args }] };
}

/** The groups of a breakdown: as they were asked for, else the names in its rows that are no measures. */
export function groupsOf(args: Row, answer: Row): string[] {
  const asked = texts(args.by);
  const [first] = rows(answer.rows);
  if (!first) return asked;
  const totals = isRow(answer.totals) ? answer.totals : {};
  const named = Object.keys(first).filter((name) => typeof first[name] === "string" && !(name in totals));
  return asked.length && asked.every((name) => name in first) ? asked : named;
}

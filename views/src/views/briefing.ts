import { number, rows, text, texts, type Row } from "../answer.ts";
import { timeline, type Block } from "../charts/timeline.ts";
import { h, named, type Child } from "../dom.ts";
import { ofJob } from "../drill.ts";
import { hourOf } from "../format.ts";
import type { Scene } from "../scene.ts";
import { linkButton } from "./plain.ts";

const NOBODY = "No inspector";

/** What to know before a day begins: first what needs attention, then who is where and when. */
export function briefing(company: Row, scene: Scene): Child[] {
  const jobs = rows(company.jobs);
  const warnings = warningsById(texts(company.attention), jobs);
  const days = new Map<string, Row[]>();
  for (const job of jobs) {
    const day = text(job.time).split(" ").slice(0, -1).join(" ");
    days.set(day, [...(days.get(day) ?? []), job]);
  }
  return [
    scene.figures(company, ["jobs_booked", "hours", "canceled"]),
    attention(texts(company.attention), jobs, scene),
    jobs.length === 0 && h("p", { class: "nothing" }, "No jobs are booked."),
    ...[...days].flatMap(([day, own]) => [
      timeline(
        day ? `${day}: who is where, and when` : "Who is where, and when",
        own.flatMap((job) => blocks(job, warnings, scene)),
        scene.writer,
      ),
      cards(own, warnings, scene),
    ]),
    scene.table("inspectors", company.inspectors),
    jobs.length > 0 &&
      h(
        "details",
        { class: "more-of-it" },
        h("summary", {}, "All jobs as a table"),
        scene.table("jobs", jobs, { question: (row) => ofJob(scene, row) }),
      ),
  ];
}

/** A line about a job begins with its time and its id, so each can be put beside its job. */
function warningsById(lines: string[], jobs: Row[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const job of jobs) {
    const id = text(job.id);
    const told = id ? lines.filter((line) => line.includes(` ${id}: `)) : [];
    if (told.length)
      found.set(
        id,
        told.flatMap((line) => line.slice(line.indexOf(` ${id}: `) + id.length + 3).split(", ")),
      );
  }
  return found;
}

function attention(lines: string[], jobs: Row[], scene: Scene): HTMLElement | undefined {
  if (lines.length === 0) return undefined;
  const item = (line: string) => {
    const job = jobs.find((row) => text(row.id) && line.includes(` ${text(row.id)}: `));
    if (!job) return h("li", { dir: "auto" }, line);
    const told = line.slice(line.indexOf(` ${text(job.id)}: `) + text(job.id).length + 3);
    return h(
      "li",
      {},
      h("b", {}, scene.writer.value("time", job.time)),
      " ",
      named(texts(job.clients).join(" and ") || text(job.id)),
      `: ${told}`,
    );
  };
  return h(
    "section",
    { class: "attention", "aria-label": "Needs attention" },
    h("h2", {}, "Needs attention"),
    h("ul", {}, ...lines.map(item)),
  );
}

function blocks(job: Row, warnings: Map<string, string[]>, scene: Scene): Block[] {
  const begins = hourOf(job.time);
  if (begins === undefined) return [];
  const people = texts(job.inspectors);
  const place = /,\s*([^,]+),\s*[A-Z]{2}\s+\d{5}/.exec(text(job.address))?.[1];
  const client = texts(job.clients)[0] ?? "";
  return (people.length ? people : [NOBODY]).map((inspector) => ({
    inspector,
    begins,
    ends: begins + Math.max(number(job.hours) ?? 1, 0.25),
    label: [place, client].filter(Boolean).join(", "),
    needsAttention: warnings.has(text(job.id)),
    open: scene.opens(ofJob(scene, job)),
  }));
}

function cards(jobs: Row[], warnings: Map<string, string[]>, scene: Scene): HTMLElement | undefined {
  const people = new Map<string, Row[]>();
  for (const job of jobs) {
    const own = texts(job.inspectors);
    for (const person of own.length ? own : [NOBODY]) people.set(person, [...(people.get(person) ?? []), job]);
  }
  if (people.size === 0) return undefined;
  return h(
    "div",
    { class: "cards" },
    ...[...people].map(([person, own]) =>
      h(
        "section",
        { class: "card" },
        h("h2", {}, named(person)),
        ...own.map((job) => card(job, warnings.get(text(job.id)) ?? [], scene)),
      ),
    ),
  );
}

function card(job: Row, warnings: string[], scene: Scene): HTMLElement {
  const button = h("button", { type: "button", class: "plain" }, "Details");
  const open = scene.opens(ofJob(scene, job), button);
  if (open) button.addEventListener("click", open);
  const line = (words: string, className?: string) => words !== "" && h("p", { class: className, dir: "auto" }, words);
  return h(
    "article",
    { "data-id": text(job.id) || undefined },
    h("h3", {}, scene.writer.value("time", job.time), h("small", {}, ` ${scene.writer.value("hours", job.hours)}`)),
    warnings.length > 0 &&
      h("p", { class: "chips" }, ...warnings.map((each) => h("span", { class: "chip", dir: "auto" }, each))),
    line(text(job.address), "address"),
    line(texts(job.services).join(", ")),
    line(texts(job.clients).join(" and ")),
    text(job.agent) &&
      h("p", {}, "Agent ", named(text(job.agent)), text(job.agent_background) && `: ${text(job.agent_background)}`),
    ...["client_phone", "client_email", "agent_phone", "agent_email"].map((name) => line(text(job[name]), "contact")),
    line(text(job.notes), "typed"),
    line(text(job.request_notes), "typed"),
    h("p", { class: "buttons" }, open && button, linkButton(job.portal_link, scene)),
  );
}

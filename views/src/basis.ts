import { isRow, rows, text, texts, type Row } from "./answer.ts";
import { h, named } from "./dom.ts";
import type { Writer } from "./format.ts";
import type { Field } from "./layouts.ts";

/** The days an answer is about, for one company where each has its own. */
export function period(basis: Row, name: "period" | "compared", company: string | undefined): Row | undefined {
  const told = basis[name];
  if (!isRow(told)) return undefined;
  const each = rows(told.companies);
  if (each.length === 0) return told;
  return each.find((one) => one.company === company);
}

/** The days in words: `Oct 1 – 31, 2026, compared with Sep 1 – 30, 2026`. */
export function daysInWords(basis: Row, company: string | undefined, writer: Writer): string {
  const days = (told: Row | undefined) => (told ? writer.days(text(told.from), text(told.to)) : "");
  const [now, before] = [days(period(basis, "period", company)), days(period(basis, "compared", company))];
  return [now, before && `compared with ${before}`].filter(Boolean).join(", ");
}

/** What an answer rests on: how new it is, from where, whether all was read. What is missing is said loudly and first. */
export function basisBlock(basis: Row, company: string | undefined, writer: Writer): HTMLElement {
  const told = period(basis, "period", company);
  const zone = text(told?.timezone) ? `time zone: ${text(told?.timezone)}` : "";
  const days = [daysInWords(basis, company, writer), zone].filter(Boolean).join("; ");
  const source = { mirror: "the local mirror", service: "Spectora itself", configuration: "the settings" }[
    text(basis.source)
  ];
  const missing = texts(basis.missing);
  const notes = texts(basis.notes);
  return h(
    "div",
    { class: "basis" },
    basis.complete === false
      ? h(
          "p",
          { class: "incomplete" },
          h("strong", {}, "INCOMPLETE: "),
          missing.length ? named(missing.join("; ")) : "not all inspections could be read.",
        )
      : undefined,
    h(
      "p",
      {},
      `As of ${writer.moment(text(basis.as_of))}, from ${source ?? (text(basis.source) || "an unnamed source")}.`,
    ),
    days ? h("p", {}, `${days}.`) : undefined,
    notes.length ? h("ul", { class: "notes" }, ...notes.map((note) => h("li", { dir: "auto" }, note))) : undefined,
  );
}

/** The meaning of the fields that are shown. */
export function definitions(fields: Field[]): HTMLElement | undefined {
  const told = [...new Map(fields.filter(({ hint }) => hint).map((each) => [each.label, each])).values()];
  if (told.length === 0) return undefined;
  return h(
    "details",
    { class: "definitions" },
    h("summary", {}, "What the columns mean"),
    h("dl", {}, ...told.flatMap(({ label, hint }) => [h("dt", {}, label), h("dd", {}, hint)])),
  );
}

import { isRow, type Row } from "./answer.ts";
import described from "./layouts.json";

/** How a value is written. */
export type Format =
  | "text"
  | "id"
  | "count"
  | "decimal"
  | "hours"
  | "money"
  | "rate"
  | "range"
  | "date"
  | "time"
  | "days"
  | "flag"
  | "list"
  | "rates"
  | "change";

/** What a field is called, how its value is written, and what it means. */
export interface Field {
  name: string;
  label: string;
  format: Format;
  hint: string;
}

/** A list of an answer: its columns in order, and the one that is drawn. */
export interface Table {
  title: string;
  columns: string[];
  chart?: string;
}

interface Described {
  fields: Record<string, { label: string; format: string; hint?: string }>;
  layouts: Record<string, { title: string; tables: Record<string, Table> }>;
}

const { fields, layouts } = described as Described;
const own = <T>(from: Record<string, T>, name: string): T | undefined =>
  Object.hasOwn(from, name) ? from[name] : undefined;

/** A name in words: `by_year` is `By year`. */
export function inWords(name: string): string {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The field of this name. Of one that nobody described, the shape of a value decides. */
export function field(name: string, sample?: unknown): Field {
  const known = own(fields, name);
  if (!known) return { name, label: inWords(name), format: shape(sample), hint: "" };
  const format = fits(known.format as Format, sample) ? (known.format as Format) : shape(sample);
  return { name, label: known.label, format, hint: known.hint ?? "" };
}

/** The title of a tool's answer. */
export function title(tool: string): string {
  return own(layouts, tool)?.title ?? (tool ? inWords(tool) : "Answer");
}

/** The table of a list: the described columns that some row has, or all that the rows have. */
export function table(tool: string, list: string, rows: Row[]): Table {
  const known = own(own(layouts, tool)?.tables ?? {}, list);
  const present = new Set(rows.flatMap((row) => Object.keys(row)));
  const columns = known?.columns.length
    ? known.columns.filter((name) => present.has(name))
    : [...present].filter((name) => fieldOf(name, rows).format !== "id");
  return { title: known?.title ?? inWords(list), columns, chart: known?.chart };
}

/** The field of a column, where its rows tell the shape. */
export function fieldOf(name: string, rows: Row[]): Field {
  return field(
    name,
    rows.map((row) => row[name]).find((value) => value !== undefined && value !== null),
  );
}

/** Whether a column of this format stands at the right. */
export function isNumber(format: Format): boolean {
  return ["count", "decimal", "hours", "money", "rate", "range", "days", "change"].includes(format);
}

/** One name means different things in different answers: `inspectors` is a list here and a count there. */
function fits(format: Format, sample: unknown): boolean {
  if (sample === undefined) return true;
  switch (format) {
    case "count":
    case "decimal":
    case "hours":
    case "days":
      return typeof sample === "number";
    case "rate":
      return typeof sample === "number" || (isRow(sample) && "rate" in sample);
    case "range":
      return isRow(sample) && "low" in sample;
    case "list":
      return Array.isArray(sample) && !sample.some(isRow);
    case "rates":
      return Array.isArray(sample) && sample.every(isRow);
    case "text":
      return !Array.isArray(sample) && !isRow(sample);
    default:
      return true;
  }
}

function shape(sample: unknown): Format {
  if (typeof sample === "number") return Number.isInteger(sample) ? "count" : "decimal";
  if (typeof sample === "boolean") return "flag";
  if (Array.isArray(sample))
    return sample.length > 0 && sample.every((each) => isRow(each) && "rate" in each) ? "rates" : "list";
  if (isRow(sample)) return "rate" in sample ? "rate" : "low" in sample ? "range" : "text";
  if (typeof sample === "string" && /^\d{4}-\d{2}-\d{2}$/.test(sample)) return "date";
  return "text";
}

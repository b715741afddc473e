import { isRow, number, rows, text, texts, type Row } from "./answer.ts";
import type { Beside } from "./beside.ts";
import { h, type Child } from "./dom.ts";
import type { Asked, Question } from "./drill.ts";
import type { Writer } from "./format.ts";
import { fieldOf, isNumber, table, title, type Field } from "./layouts.ts";
import { dataTable } from "./table.ts";

/** What a table may have besides its rows. */
export interface Extras {
  caption?: string | undefined;
  columns?: string[];
  footer?: { words: string; row: Row }[];
  /** What a row asks when it is opened. */
  question?: (row: Row) => Question | undefined;
  /** Instead: what else opening a row does. */
  open?: ((row: Row) => (() => void) | undefined) | undefined;
}

/** All that a view needs to draw one company's part of an answer. */
export class Scene implements Asked {
  /** The fields in its tables, which are explained below. */
  readonly fields: Field[] = [];

  constructor(
    readonly tool: string,
    readonly args: Row,
    readonly answer: Row,
    readonly company: string | undefined,
    readonly beside: Beside,
    readonly writer: Writer,
    private readonly ask: ((question: Question, opener: Element | undefined) => void) | undefined,
    private readonly follow: ((url: string) => void) | undefined,
    readonly say: (words: string) => void,
  ) {}

  get basis(): Row {
    return isRow(this.answer.basis) ? this.answer.basis : {};
  }

  get title(): string {
    return title(this.tool);
  }

  /** What a click does: nothing where the host calls no tools for the page. */
  opens(question: Question | undefined, opener?: Element): (() => void) | undefined {
    const { ask } = this;
    return ask && question ? () => ask(question, opener) : undefined;
  }

  /** What opens a link: only one to a page of the web, and only where the host opens links. */
  links(url: string): (() => void) | undefined {
    const { follow } = this;
    return follow && /^https?:\/\//i.test(url) && URL.canParse(url) ? () => follow(url) : undefined;
  }

  /** The table of a list, as its layout says. */
  table(list: string, given: unknown, more: Extras = {}): HTMLElement | undefined {
    const shown = rows(given);
    if (shown.length === 0) return undefined;
    const layout = table(this.tool, list, shown);
    const fields = (more.columns ?? layout.columns).map((name) => fieldOf(name, shown));
    this.fields.push(...fields);
    const { question } = more;
    const ask = question && ((row: Row, opener: Element) => this.opens(question(row), opener));
    return dataTable({
      caption: more.caption ?? layout.title,
      list,
      fields,
      rows: shown,
      footer: more.footer,
      open: more.open ?? ask,
      say: this.say,
      write: (field, value) => this.written(field, value),
    });
  }

  /** A value as people read it: companies by what people call them. */
  private written({ name, format }: Field, value: unknown): string {
    const named = (company: string) => this.beside.companyName(company);
    if (name === "company" && typeof value === "string") return named(value);
    if (name === "companies" && Array.isArray(value)) return texts(value).map(named).join(", ");
    return this.writer.value(format, value);
  }

  /** Numbers that stand alone, each under its name. */
  figures(row: Row, names: string[]): HTMLElement | undefined {
    const shown = names.filter((name) => row[name] !== undefined).map((name) => fieldOf(name, [row]));
    if (shown.length === 0) return undefined;
    this.fields.push(...shown);
    const tile = ({ name, label, format }: Field) => {
      const value = row[name];
      const before = `${name}_before`;
      const told = format === "money" ? this.writer.short(format, value) : this.writer.value(format, value);
      const [, main = told, rest] = (format === "rate" && /^(.*?) (\(.*\))$/.exec(told)) || [];
      const past = before in row ? `${this.writer.short(format, row[before])} before` : "";
      return h(
        "div",
        { "data-field": name, "data-value": JSON.stringify(value) },
        h("dt", {}, label),
        h(
          "dd",
          {},
          h("span", { class: isNumber(format) ? "big" : "words", dir: "auto" }, main),
          [rest, past].some(Boolean) && h("small", {}, ` ${[rest, past].filter(Boolean).join(" ")}`),
        ),
      );
    };
    return h("dl", { class: "figures" }, ...shown.map(tile));
  }

  /** What follows on the next pages, in words: how many rows, and their sums. */
  following(row: Row): HTMLElement | undefined {
    const count = number(row.not_shown);
    if (count === undefined || count === 0) return undefined;
    const sums = Object.keys(row).filter((name) => name !== "not_shown" && name.endsWith("_not_shown"));
    const told = sums.map((name) => {
      const { label, format } = fieldOf(name.replace(/_not_shown$/, ""), []);
      return `${label.toLowerCase()} ${this.writer.short(format, row[name])}`;
    });
    const rest = told.length ? `: ${told.join(", ")}` : "";
    return h("p", { class: "following" }, `${this.writer.value("count", count)} more rows follow${rest}.`);
  }

  /** The words of an answer about itself, such as the rule it was found by. */
  remark(row: Row, names: string[]): HTMLElement | undefined {
    const told = names
      .filter((name) => text(row[name]))
      .map((name) =>
        h(
          "p",
          { dir: "auto" },
          h("b", {}, `${fieldOf(name, [row]).label}: `),
          this.writer.value(fieldOf(name, [row]).format, row[name]),
        ),
      );
    return told.length ? h("div", { class: "remark" }, ...told) : undefined;
  }
}

/** A part of a view, with its heading. */
export function part(heading: string, ...children: Child[]): HTMLElement | undefined {
  const shown = children.filter((child) => child !== undefined && child !== false && child !== "");
  return shown.length ? h("section", { class: "part" }, h("h2", {}, heading), ...shown) : undefined;
}

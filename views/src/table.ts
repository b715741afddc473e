import { number, text, type Row } from "./answer.ts";
import { freshId, h, named, type Child } from "./dom.ts";
import { isNumber, type Field } from "./layouts.ts";

/** Above so many rows there is a field to search in them. */
const SEARCHED_ABOVE = 10;

/** What a table shows. */
export interface Shown {
  caption: string;
  /** The name of the list in the answer. */
  list: string;
  fields: Field[];
  rows: Row[];
  /** Rows below the others, as sums are, each with the words in its first column. */
  footer?: { words: string; row: Row }[];
  /** What a click on a row's first cell does, where it does anything. */
  open?(row: Row, opener: HTMLElement): (() => void) | undefined;
  /** Says to those who listen what has changed. */
  say(words: string): void;
  /** A value as it is written. */
  write(field: Field, value: unknown): string;
}

/** A table that is sorted by its heads and, if it is long, searched by a field. */
export function dataTable(shown: Shown): HTMLElement {
  const { fields, rows } = shown;
  const written = new Map(rows.map((row) => [row, fields.map((field) => shown.write(field, row[field.name]))]));
  // What is written in sentences is wrapped, and what is short is not.
  const longs = fields.map(({ format }, index) =>
    rows.some((row) => (written.get(row)?.[index]?.length ?? 0) > (format === "rates" ? 90 : 48)),
  );
  // With two columns of sentences a row is wider than a phone.
  const areSentences = longs.filter(Boolean).length > 1;
  const role = (name: string) => (areSentences ? name : undefined);
  let sorted: { field: Field; ascending: boolean } | undefined;
  let wanted = "";

  const heads = fields.map((field, index) => {
    const button = h(
      "button",
      { type: "button", title: field.hint || undefined, click: () => sortBy(field) },
      field.label,
    );
    return h(
      "th",
      {
        scope: "col",
        role: role("columnheader"),
        class: isNumber(field.format) ? "number" : longs[index] ? "long" : undefined,
        "data-field": field.name,
      },
      button,
    );
  });
  const lines = new Map(rows.map((row) => [row, line(row)]));
  const body = h("tbody", { role: role("rowgroup") }, ...lines.values());
  const nothing = h("p", { class: "nothing", hidden: true }, "No row has these words.");
  const captionId = freshId("caption");
  const table = h(
    "table",
    // Where the page is narrow such rows are no longer laid out as a table, and stay one for those who hear it.
    { "data-list": shown.list, class: areSentences ? "sentences" : undefined, role: areSentences && "table" },
    h("caption", { id: captionId }, shown.caption),
    h("thead", { role: role("rowgroup") }, h("tr", { role: role("row") }, ...heads)),
    body,
    shown.footer?.length
      ? h("tfoot", { role: role("rowgroup") }, ...shown.footer.map(({ words, row }) => line(row, words)))
      : undefined,
  );
  // What scrolls must be reached by keys too.
  const scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-labelledby": captionId }, table);
  return h("div", { class: "table" }, rows.length > SEARCHED_ABOVE && search(), scroller, nothing);

  function line(row: Row, words?: string): HTMLTableRowElement {
    const cells = fields.map((field, index) => {
      const value =
        words === undefined
          ? (written.get(row)?.[index] ?? "")
          : index === 0
            ? words
            : shown.write(field, row[field.name]);
      const given = {
        class: isNumber(field.format) ? "number" : longs[index] ? "long" : undefined,
        "data-field": field.name,
        "data-value": JSON.stringify(row[field.name]),
        "data-label": areSentences && value !== "" ? field.label : undefined,
        role: role(index === 0 ? "rowheader" : "cell"),
      };
      const content = words === undefined && field.format === "text" ? named(value) : value;
      if (index > 0) return h("td", given, content);
      return h("th", { scope: "row", ...given }, words === undefined ? opener(row, content) : content);
    });
    return h("tr", { "data-id": text(row.id) || undefined, role: role("row") }, ...cells);
  }

  function opener(row: Row, content: Child): Child {
    const button = h("button", { type: "button", class: "open" }, content);
    const open = shown.open?.(row, button);
    if (!open) return content;
    button.addEventListener("click", open);
    return button;
  }

  function search(): HTMLElement {
    const id = freshId("search");
    const input = h("input", {
      id,
      type: "search",
      autocomplete: "off",
      input: () => {
        wanted = input.value.trim().toLowerCase();
        arrange();
        shown.say(`${body.rows.length} of ${rows.length} rows`);
      },
    });
    return h("div", { class: "search" }, h("label", { for: id }, "Filter"), input);
  }

  function sortBy(field: Field): void {
    const first = !isNumber(field.format);
    sorted = sorted?.field === field ? { field, ascending: !sorted.ascending } : { field, ascending: first };
    heads.forEach((head, index) => {
      if (fields[index] === field) head.setAttribute("aria-sort", sorted?.ascending ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    arrange();
    shown.say(`Sorted by ${field.label}, ${sorted.ascending ? "lowest first" : "highest first"}`);
  }

  function arrange(): void {
    const found = rows.filter((row) => written.get(row)?.some((cell) => cell.toLowerCase().includes(wanted)));
    if (sorted) {
      const { field, ascending } = sorted;
      found.sort((one, other) => compare(one[field.name], other[field.name], ascending));
    }
    body.replaceChildren(...found.flatMap((row) => lines.get(row) ?? []));
    nothing.hidden = found.length > 0;
  }
}

/** Which of two values comes first. Where there is none, the row stands last in both directions. */
function compare(one: unknown, other: unknown, ascending: boolean): number {
  const [first, second] = [key(one), key(other)];
  if (first === undefined || second === undefined) return Number(first === undefined) - Number(second === undefined);
  const order =
    typeof first === "number" && typeof second === "number"
      ? first - second
      : String(first).localeCompare(String(second), undefined, { numeric: true });
  return ascending ? order : -order;
}

function key(value: unknown): number | string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "boolean") return Number(value);
  return number(value) ?? (typeof value === "string" ? value : JSON.stringify(value));
}

import { isRow, joined, number, rows, text, words, type Row, type ToolResult } from "./answer.ts";
import { basisBlock } from "./basis.ts";
import { besideOf } from "./beside.ts";
import { freshId, given, h, named, type Child } from "./dom.ts";
import type { Choice, Question } from "./drill.ts";
import type { Writer } from "./format.ts";
import { Scene } from "./scene.ts";
import { plain } from "./views/plain.ts";

/** What the panel needs of the page. */
export interface Means {
  call(tool: string, args: Row): Promise<ToolResult>;
  follow: ((url: string) => void) | undefined;
  writer: Writer;
  say(words: string): void;
}

/** Shows what is behind a number. It opens below what was clicked, and Escape closes it again. */
export class Panel {
  readonly element = h("section", {
    class: "panel",
    tabindex: "-1",
    hidden: true,
    keydown: (event: KeyboardEvent) => event.key === "Escape" && this.close(),
  });
  private opener: Element | undefined;
  /** Rises with each question, so that a late answer to an earlier one is not shown. */
  private turn = 0;

  constructor(private readonly means: Means) {}

  open(question: Question, opener: Element | undefined): void {
    this.opener = opener;
    const [first] = question.choices;
    if (!first) return;
    const heading = h("h2", { id: freshId("panel") }, named(question.title));
    const body = h("div", { class: "answer" });
    const buttons = question.choices.map((choice) =>
      h("button", { type: "button", class: "choice", click: () => choose(choice) }, choice.label),
    );
    const choose = (choice: Choice) => {
      buttons.forEach((button, index) =>
        button.setAttribute("aria-pressed", String(question.choices[index] === choice)),
      );
      void this.ask(choice, body);
    };
    this.element.setAttribute("aria-labelledby", heading.id);
    this.element.replaceChildren(
      h("header", {}, heading, h("button", { type: "button", class: "plain", click: () => this.close() }, "Close")),
      question.choices.length > 1
        ? h("div", { class: "choices", role: "group", "aria-label": "Show" }, ...buttons)
        : "",
      body,
    );
    this.element.hidden = false;
    this.element.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "nearest" });
    choose(first);
  }

  close(): void {
    if (this.element.hidden) return;
    this.turn += 1;
    this.element.hidden = true;
    this.element.replaceChildren();
    if (this.opener instanceof HTMLElement && this.opener.isConnected) this.opener.focus();
  }

  private async ask(choice: Choice, body: HTMLElement): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    body.replaceChildren(h("p", { class: "loading" }, "Loading …"));
    this.means.say("Loading");
    try {
      const answer = await this.answerOf(choice.tool, choice.args);
      if (turn !== this.turn) return;
      this.show(answer, choice, body);
      const total = answer.total ?? (rows(answer.items).length || undefined);
      this.means.say(total === undefined ? "Loaded" : `${text(total)} found`);
    } catch (error) {
      if (turn !== this.turn) return;
      const again = h(
        "button",
        { type: "button", class: "plain", click: () => void this.ask(choice, body) },
        "Try again",
      );
      body.replaceChildren(failure(error), again);
    }
  }

  private async answerOf(tool: string, args: Row): Promise<Row> {
    const result = await this.means.call(tool, args);
    if (result.isError === true) throw new Error(words(result) || "The tool could not answer.");
    if (!isRow(result.structuredContent)) throw new Error(words(result) || "The tool gave no answer.");
    return result.structuredContent;
  }

  private show(answer: Row, choice: Choice, body: HTMLElement): void {
    const { writer, follow, say } = this.means;
    const basis = isRow(answer.basis) ? answer.basis : {};
    const scene = new Scene(
      choice.tool,
      choice.args,
      answer,
      text(choice.args.company) || undefined,
      besideOf(undefined),
      writer,
      undefined,
      follow,
      say,
    );
    const items = rows(answer.items);
    const cursor = text(answer.next_cursor);
    const total = number(answer.total) ?? items.length;
    const found =
      total === 0
        ? "No inspection is behind it."
        : `${writer.value("count", total)} ${total === 1 ? "inspection" : "inspections"}`;
    const open =
      follow && ((row: Row) => (text(row.id) && text(row.company) ? () => void this.portal(row, follow) : undefined));
    const children: Child[] =
      "items" in answer
        ? [h("p", { class: "found" }, found), scene.table("items", items, { open })]
        : plain(answer, scene);
    body.replaceChildren(
      ...given([...children, cursor && this.more(answer, choice, body, cursor), basisBlock(basis, undefined, writer)]),
    );
  }

  private more(answer: Row, choice: Choice, body: HTMLElement, cursor: string): HTMLElement {
    const button = h("button", { type: "button", class: "plain" }, "Show more");
    button.addEventListener("click", async () => {
      const { turn } = this;
      button.disabled = true;
      this.means.say("Loading");
      try {
        const next = await this.answerOf(choice.tool, { ...choice.args, cursor });
        if (turn !== this.turn) return;
        this.show(joined(choice.tool, answer, next), choice, body);
        this.means.say("More rows were added");
        this.element.focus({ preventScroll: true });
      } catch (error) {
        button.disabled = false;
        button.after(failure(error));
      }
    });
    return button;
  }

  /** Opens the inspection of a row in Spectora. */
  private async portal(row: Row, follow: (url: string) => void): Promise<void> {
    try {
      const { item } = await this.answerOf("portal_link", { company: row.company, inspection: row.id });
      const link = isRow(item) ? text(item.portal_link) : "";
      if (/^https?:\/\//i.test(link)) follow(link);
      else this.means.say("There is no link to this inspection");
    } catch (error) {
      this.element.append(failure(error));
    }
  }
}

/** Says what went wrong, to those who see and those who listen. */
export function failure(error: unknown): HTMLElement {
  return h(
    "p",
    { class: "error", role: "alert", dir: "auto" },
    error instanceof Error ? error.message : "That did not work.",
  );
}

import { isRow, joined, recognize, text, words, type Row, type ToolResult } from "./answer.ts";
import { basisBlock, daysInWords, definitions } from "./basis.ts";
import { besideOf, joinedBeside } from "./beside.ts";
import { Bridge } from "./bridge.ts";
import { freshId, given, h, named } from "./dom.ts";
import type { Question } from "./drill.ts";
import { civilDay, writer, type Writer } from "./format.ts";
import type { Context, Host } from "./host.ts";
import { title } from "./layouts.ts";
import { OpenAi } from "./openai.ts";
import { failure, Panel } from "./panel.ts";
import { Scene } from "./scene.ts";
import { dress, onSystemChange } from "./theme.ts";
import { agentsHeading } from "./views/agents.ts";
import { parts, type Part } from "./views/index.ts";

const page = document.getElementById("page") as HTMLElement;
const voice = document.getElementById("says") as HTMLElement;

/** All that changes while the page is shown. */
const state: { context: Context; args: Row; result?: ToolResult; chosen: string; cancelled?: string } = {
  context: {},
  args: {},
  chosen: "",
};

const listener = {
  context(told: Context) {
    const before = JSON.stringify([state.context.locale, state.context.timeZone, state.context.tool]);
    state.context = {
      ...state.context,
      ...Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)),
    };
    dress(state.context);
    if (before !== JSON.stringify([state.context.locale, state.context.timeZone, state.context.tool])) draw();
  },
  input(args: Row) {
    state.args = args;
    if (!state.result) draw();
  },
  result(result: ToolResult) {
    // Some hosts say the same in two ways.
    const [now, before] = [result.structuredContent, state.result?.structuredContent];
    if (isRow(now) && JSON.stringify(now) === JSON.stringify(before)) return;
    state.result = result;
    state.cancelled = undefined;
    draw();
    say("The answer is here");
  },
  cancelled(reason: string) {
    state.cancelled = reason || "the question was withdrawn";
    draw();
  },
  ending() {
    watch.disconnect();
  },
};

const bridge = new Bridge(listener);
const openAi = new OpenAi(listener);

/** The host that can do something, where there are two. */
function able(can: (host: Host) => boolean): Host | undefined {
  return [bridge, openAi].find(can);
}

function say(told: string): void {
  voice.textContent = told;
}

function follow(url: string): void {
  able((host) => host.canOpenLinks())
    ?.openLink(url)
    .catch((error: unknown) => page.append(failure(error)));
}

async function call(tool: string, args: Row): Promise<ToolResult> {
  const host = able((each) => each.canCallTools());
  if (!host) throw new Error("This chat client does not let the page ask the server.");
  return host.callTool(tool, args);
}

/** Draws all anew: what is shown depends on nothing but the state. */
function draw(): void {
  const { result, cancelled } = state;
  page.setAttribute("aria-busy", String(!result && !cancelled));
  if (!result) {
    const waiting = cancelled
      ? h("p", { class: "nothing" }, `No answer: ${cancelled}.`)
      : h("p", { class: "loading" }, "Waiting for the answer …");
    const known = state.context.tool ? h("h1", {}, title(state.context.tool)) : "";
    page.replaceChildren(known, waiting);
    return;
  }
  const answer = result.structuredContent;
  if (result.isError === true || !isRow(answer)) {
    const told = words(result) || "The tool gave no answer.";
    page.replaceChildren(
      h("h1", {}, title(toolOf(answer))),
      h(
        "p",
        { class: result.isError ? "error" : "told", role: result.isError ? "alert" : undefined, dir: "auto" },
        told,
      ),
    );
    return;
  }
  drawAnswer(answer);
}

/** Which tool is drawn: the host's word counts unless the answer has the shape of another's. */
function toolOf(answer: unknown): string {
  return (isRow(answer) && recognize(answer)) || state.context.tool || "";
}

function drawAnswer(answer: Row): void {
  const tool = toolOf(answer);
  const basis = isRow(answer.basis) ? answer.basis : {};
  const written = writer(
    state.context.locale,
    state.context.timeZone,
    civilDay(text(basis.as_of).slice(0, 10))?.getUTCFullYear(),
  );
  const all = parts(tool, answer);
  const chosen = all.find(({ name }) => name === state.chosen) ?? all[0];
  if (!chosen) return;
  const body = h("div", { class: "body", id: freshId("part") });
  const tabs = all.length > 1 ? tabList(all, chosen, body, (each) => show(each)) : undefined;
  // Where there is one company only, no tab says whose numbers these are.
  const only = !tabs && chosen.company ? besideOf(state.result?._meta).companyName(chosen.company) : undefined;
  const incomplete = basis.complete === false && h("span", { class: "badge" }, "Incomplete");
  page.replaceChildren(
    ...given([
      h(
        "header",
        { class: "head" },
        h("h1", {}, (tool === "agent_analysis" && agentsHeading(state.args)) || title(tool)),
        incomplete,
        only !== undefined && h("p", {}, named(only)),
        h("p", {}, daysInWords(basis, chosen.company, written)),
      ),
      tabs,
      body,
    ]),
  );
  show(chosen);

  function show(each: Part): void {
    state.chosen = each.name;
    drawPart(body, each, tool, answer, basis, written);
  }
}

function drawPart(body: HTMLElement, each: Part, tool: string, answer: Row, basis: Row, written: Writer): void {
  const canAsk = able((host) => host.canCallTools()) !== undefined;
  const canFollow = able((host) => host.canOpenLinks()) !== undefined;
  const panel = new Panel({ call, follow: canFollow ? follow : undefined, writer: written, say });
  const ask = (question: Question, opener: Element | undefined) => {
    const block =
      opener?.closest(".table, .cards, .picture") ?? body.querySelector(".picture") ?? body.lastElementChild;
    block?.after(panel.element);
    panel.open(question, opener);
  };
  const scene = new Scene(
    tool,
    state.args,
    answer,
    each.company,
    besideOf(state.result?._meta),
    written,
    canAsk ? ask : undefined,
    canFollow ? follow : undefined,
    say,
  );
  const drawn = given(each.draw(scene));
  body.replaceChildren(
    ...drawn,
    ...given([canAsk && moreButton(tool, answer), basisBlock(basis, each.company, written), definitions(scene.fields)]),
  );
}

/** The companies, of which one is shown at a time. Arrow keys go from one to the next. */
function tabList(all: Part[], chosen: Part, body: HTMLElement, show: (part: Part) => void): HTMLElement {
  const tabs = all.map((each) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: freshId("tab"),
        "aria-controls": body.id,
        click: () => select(each),
        keydown: (event: KeyboardEvent) => move(event, each),
      },
      each.company ? named(besideOf(state.result?._meta).companyName(each.name)) : each.name,
    ),
  );
  const mark = (part: Part) =>
    tabs.forEach((tab, index) => {
      const isChosen = all[index] === part;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      if (isChosen) body.setAttribute("aria-labelledby", tab.id);
    });
  const select = (part: Part) => {
    mark(part);
    show(part);
  };
  const move = (event: KeyboardEvent, part: Part) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = (all.indexOf(part) + step + all.length) % all.length;
    const [target, tab] = [all[next], tabs[next]];
    if (!target || !tab) return;
    select(target);
    tab.focus();
  };
  body.setAttribute("role", "tabpanel");
  mark(chosen);
  return h("div", { class: "tabs", role: "tablist", "aria-label": "Companies" }, ...tabs);
}

/** Asks for the next page and joins it to what is shown. */
function moreButton(tool: string, answer: Row): HTMLElement | undefined {
  const cursor = text(answer.next_cursor);
  if (!cursor || !tool) return undefined;
  const button = h("button", { type: "button", class: "plain more" }, "Show more");
  button.addEventListener("click", async () => {
    button.disabled = true;
    say("Loading");
    try {
      const next = await call(tool, { ...state.args, cursor });
      if (next.isError === true || !isRow(next.structuredContent))
        throw new Error(words(next) || "The tool gave no answer.");
      state.result = {
        ...state.result,
        structuredContent: joined(tool, answer, next.structuredContent),
        _meta: joinedBeside(state.result?._meta, next._meta),
      };
      draw();
      say("More rows were added");
      page.querySelector<HTMLElement>(".more, [role=tab][aria-selected=true], .scroller")?.focus();
    } catch (error) {
      button.disabled = false;
      button.after(failure(error));
    }
  });
  return button;
}

const watch = new ResizeObserver(() => {
  // A box of a fixed size scrolls inside, so the page's own height is what the body needs.
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  bridge.size(Math.ceil(window.innerWidth), height);
  openAi.size(Math.ceil(window.innerWidth), height);
});

dress(state.context);
onSystemChange(() => dress(state.context));
draw();
watch.observe(document.body);
openAi.start();
bridge.start().catch((error: unknown) => {
  if (!state.result && !("openai" in window)) page.replaceChildren(failure(error));
});

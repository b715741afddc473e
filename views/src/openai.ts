import { isRow, text, type Row, type ToolResult } from "./answer.ts";
import type { Host, Listener } from "./host.ts";

/** What ChatGPT puts into the page, as far as it is used here. */
interface Globals {
  toolInput?: unknown;
  toolOutput?: unknown;
  toolResponseMetadata?: unknown;
  theme?: unknown;
  locale?: unknown;
  maxHeight?: unknown;
  callTool?(name: string, args: Row): Promise<unknown>;
  openExternal?(payload: { href: string }): unknown;
  notifyIntrinsicHeight?(height: number): unknown;
}

/** ChatGPT's older way: an object in the page, and an event when something in it has changed. */
export class OpenAi implements Host {
  private shown: unknown;

  constructor(private readonly listener: Listener) {}

  start(): void {
    window.addEventListener("openai:set_globals", () => this.look());
    this.look();
  }

  canCallTools(): boolean {
    return typeof this.globals()?.callTool === "function";
  }

  canOpenLinks(): boolean {
    return typeof this.globals()?.openExternal === "function";
  }

  async callTool(name: string, args: Row): Promise<ToolResult> {
    const answered = await this.globals()?.callTool?.(name, args);
    if (!isRow(answered)) throw new Error("the chat client gave no answer");
    if (isRow(answered.structuredContent) || answered.isError === true) return answered;
    // In some versions the whole result is one text.
    const parsed: unknown = typeof answered.result === "string" ? JSON.parse(answered.result) : answered.result;
    if (!isRow(parsed)) return answered;
    return isRow(parsed.structuredContent) ? parsed : { structuredContent: parsed };
  }

  async openLink(url: string): Promise<void> {
    await this.globals()?.openExternal?.({ href: url });
  }

  size(_width: number, height: number): void {
    this.globals()?.notifyIntrinsicHeight?.(height);
  }

  private globals(): Globals | undefined {
    const { openai } = window as { openai?: unknown };
    return isRow(openai) ? (openai as Globals) : undefined;
  }

  private look(): void {
    const globals = this.globals();
    if (!globals) return;
    const { toolInput, toolOutput, toolResponseMetadata: meta, theme, locale, maxHeight } = globals;
    this.listener.context({
      theme: theme === "light" || theme === "dark" ? theme : undefined,
      locale: text(locale) || undefined,
      maxHeight: typeof maxHeight === "number" ? maxHeight : undefined,
    });
    if (isRow(toolInput)) this.listener.input(toolInput);
    if (!isRow(toolOutput) || toolOutput === this.shown) return;
    this.shown = toolOutput;
    this.listener.result({ structuredContent: toolOutput, _meta: isRow(meta) ? meta : undefined });
  }
}

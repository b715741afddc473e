import { isRow, text, type Row, type ToolResult } from "./answer.ts";
import type { Context, Host, Listener } from "./host.ts";

/** The version of the extension's messages that the page speaks. */
export const PROTOCOL = "2026-01-26";

const CALL_LIMIT_MS = 120_000;
const METHOD_NOT_FOUND = -32601;

interface Waiting {
  resolve(result: Row): void;
  reject(error: Error): void;
}

/**
 * Talks to the host as the MCP extension for apps says: JSON-RPC over `postMessage`. Only the window that holds the page is
 * listened to, and only it is spoken to.
 */
export class Bridge implements Host {
  private readonly waiting = new Map<number, Waiting>();
  private capabilities: Row = {};
  private context: Row = {};
  private lastId = 0;
  private isReady = false;
  private sent = { width: 0, height: 0 };

  constructor(
    private readonly listener: Listener,
    private readonly host: Window = window.parent,
  ) {}

  /** Listens, and introduces the page to the host. A page that nobody holds waits for nobody. */
  async start(): Promise<void> {
    if (this.host === window) return;
    window.addEventListener("message", (event) => {
      if (event.source === this.host && isRow(event.data) && event.data.jsonrpc === "2.0") this.take(event.data);
    });
    const told = await this.ask("ui/initialize", {
      appInfo: { name: "spectora-insight", title: "Spectora insight", version: "1.0.0" },
      appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
      protocolVersion: PROTOCOL,
    });
    this.capabilities = isRow(told.hostCapabilities) ? told.hostCapabilities : {};
    this.isReady = true;
    this.changed(told.hostContext);
    this.tell("ui/notifications/initialized", {});
    this.tellSize();
  }

  canCallTools(): boolean {
    return isRow(this.capabilities.serverTools);
  }

  canOpenLinks(): boolean {
    return isRow(this.capabilities.openLinks);
  }

  callTool(name: string, args: Row): Promise<ToolResult> {
    return this.ask("tools/call", { name, arguments: args });
  }

  async openLink(url: string): Promise<void> {
    const { isError } = await this.ask("ui/open-link", { url });
    if (isError === true) throw new Error("the link was not opened");
  }

  size(width: number, height: number): void {
    if (width === this.sent.width && height === this.sent.height) return;
    this.sent = { width, height };
    if (this.isReady) this.tellSize();
  }

  private tellSize(): void {
    if (this.sent.height > 0) this.tell("ui/notifications/size-changed", { ...this.sent });
  }

  private take(message: Row): void {
    const { id, method } = message;
    const params = isRow(message.params) ? message.params : {};
    if (typeof method !== "string") this.answered(message);
    else if (id === undefined) this.notified(method, params);
    else if (method === "ui/resource-teardown") {
      this.listener.ending();
      this.post({ id, result: {} });
    } else if (method === "ping") this.post({ id, result: {} });
    else this.post({ id, error: { code: METHOD_NOT_FOUND, message: "this page has no such method" } });
  }

  private answered({ id, result, error }: Row): void {
    const waiting = typeof id === "number" ? this.waiting.get(id) : undefined;
    if (!waiting) return;
    this.waiting.delete(id as number);
    if (isRow(result)) waiting.resolve(result);
    else waiting.reject(new Error((isRow(error) && text(error.message)) || "the chat client gave no answer"));
  }

  private notified(method: string, params: Row): void {
    switch (method) {
      case "ui/notifications/tool-input":
        return this.listener.input(isRow(params.arguments) ? params.arguments : {});
      case "ui/notifications/tool-result":
        return this.listener.result(params);
      case "ui/notifications/tool-cancelled":
        return this.listener.cancelled(text(params.reason));
      case "ui/notifications/host-context-changed":
        return this.changed(params);
    }
  }

  /** The host tells only what is new. */
  private changed(told: unknown): void {
    if (!isRow(told)) return;
    this.context = { ...this.context, ...told };
    this.listener.context(read(this.context));
  }

  private ask(method: string, params: Row): Promise<Row> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      setTimeout(() => {
        if (this.waiting.delete(id)) reject(new Error("the chat client did not answer in time"));
      }, CALL_LIMIT_MS);
      this.post({ id, method, params });
    });
  }

  private tell(method: string, params: Row): void {
    this.post({ method, params });
  }

  // The host's origin is not known beforehand, and a page in a sandbox has none itself.
  private post(message: Row): void {
    this.host.postMessage({ jsonrpc: "2.0", ...message }, "*");
  }
}

function read(told: Row): Context {
  const { toolInfo, theme, styles, containerDimensions: box, safeAreaInsets: insets } = told;
  const tool = isRow(toolInfo) && isRow(toolInfo.tool) ? text(toolInfo.tool.name) : "";
  const length = (name: string) => (isRow(box) && typeof box[name] === "number" ? (box[name] as number) : undefined);
  return {
    tool: tool || undefined,
    theme: theme === "light" || theme === "dark" ? theme : undefined,
    variables: isRow(styles) && isRow(styles.variables) ? styles.variables : undefined,
    locale: text(told.locale) || undefined,
    timeZone: text(told.timeZone) || undefined,
    width: length("width"),
    maxWidth: length("maxWidth"),
    height: length("height"),
    maxHeight: length("maxHeight"),
    insets: isRow(insets) ? insets : undefined,
  };
}

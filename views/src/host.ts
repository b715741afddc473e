import type { Row, ToolResult } from "./answer.ts";

/** What a host tells about the place where the page is shown. All of it may be missing. */
export interface Context {
  tool?: string;
  theme?: "light" | "dark";
  variables?: Row;
  locale?: string;
  timeZone?: string;
  width?: number;
  maxWidth?: number;
  height?: number;
  maxHeight?: number;
  insets?: Row;
}

/** What a host sends. */
export interface Listener {
  context(context: Context): void;
  input(args: Row): void;
  result(result: ToolResult): void;
  cancelled(reason: string): void;
  /** The page is about to go. */
  ending(): void;
}

/** What the page may ask of a host. */
export interface Host {
  canCallTools(): boolean;
  canOpenLinks(): boolean;
  callTool(name: string, args: Row): Promise<ToolResult>;
  openLink(url: string): Promise<void>;
  size(width: number, height: number): void;
}

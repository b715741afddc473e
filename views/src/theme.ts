import type { Context } from "./host.ts";
import { text } from "./answer.ts";

const system = window.matchMedia("(prefers-color-scheme: dark)");

/** Dresses the page as the host does: its colors and fonts, light or dark, and no larger than there is room. */
export function dress(context: Context): void {
  const root = document.documentElement;
  const set = (name: string, value: string | undefined) =>
    value === undefined ? root.style.removeProperty(name) : root.style.setProperty(name, value);
  root.dataset.theme = context.theme ?? (system.matches ? "dark" : "light");
  for (const [name, value] of Object.entries(context.variables ?? {})) {
    if (/^--[a-z0-9-]+$/.test(name) && text(value)) set(name, text(value));
  }
  const pixels = (length: number | undefined) => (length !== undefined && length > 0 ? `${length}px` : undefined);
  set("width", pixels(context.width));
  set("max-width", pixels(context.maxWidth));
  set("height", pixels(context.height));
  set("max-height", pixels(context.maxHeight));
  root.classList.toggle("boxed", context.height !== undefined || context.maxHeight !== undefined);
  for (const side of ["top", "right", "bottom", "left"]) {
    const inset = context.insets?.[side];
    set(`--inset-${side}`, typeof inset === "number" ? `${inset}px` : undefined);
  }
}

/** Calls when the system goes from light to dark or back. */
export function onSystemChange(changed: () => void): void {
  system.addEventListener("change", changed);
}

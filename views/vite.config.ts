import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** The licenses of the packages that end up in the page, which ask that their text goes along. */
function licenses(modules: string[]): string {
  const texts = new Map<string, Set<string>>();
  for (const module of modules) {
    const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0];
    if (!folder) continue;
    const [, copyright = "", terms = ""] =
      /^(Copyright[^\n]*)\s+([^]*)$/.exec(readFileSync(`${folder}/LICENSE`, "utf8")) ?? [];
    texts.set(terms.trim(), (texts.get(terms.trim()) ?? new Set()).add(copyright));
  }
  return [...texts].map(([terms, holders]) => `${[...holders].sort().join("\n")}\n\n${terms}`).join("\n\n");
}

/** Puts the script and the style into the page, so that it is one file and asks nobody for anything. */
function oneFile(): Plugin {
  return {
    name: "one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      const page = bundle["insight.html"];
      if (page?.type !== "asset") throw new Error("there is no page");
      let html = String(page.source);
      for (const [name, part] of Object.entries(bundle)) {
        if (part === page) continue;
        if (part.type === "chunk") {
          const code = part.code.trim().replaceAll("</script", "<\\/script");
          html = html
            .replace(/\s*<script type="module"[^>]*><\/script>/, "")
            .replace("</body>", () => `<script type="module">${code}</script>\n  </body>`)
            .replace("<head>", () => `<head>\n    <!--\n${licenses(Object.keys(part.modules))}\n-->`);
        } else {
          html = html.replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${String(part.source).trim()}</style>`);
        }
        delete bundle[name];
      }
      page.source = html;
    },
  };
}

export default defineConfig({
  build: {
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: { input: "insight.html" },
  },
  plugins: [oneFile()],
});

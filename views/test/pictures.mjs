// Pictures of pages, small and compared with stored ones: test/pictures/NAME-THEME-WIDTH.webp
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { env } from "node:process";
import { fileURLToPath } from "node:url";

const STORED = fileURLToPath(new URL("pictures/", import.meta.url));
const UPDATE = env.UPDATE_PICTURES === "yes";
const FONTS = join(STORED, "fonts.json");

export const THEMES = ["light", "dark"];
export const WIDTHS = [1024, 360];

/** Small enough to keep a hundred of them, and large enough that one still reads the words. */
const SMALL = { scale: 0.4, quality: 0.5 };

/**
 * What may differ: of any twelve by twelve pixels so few, each by more than so much of the way from black to white. Another
 * Chromium may round the edge of a letter otherwise, here and there. A label or the end of a bar changes many pixels in one
 * place, so those next to each other are counted and not those of the whole picture.
 */
const MAY_DIFFER = 3;
const COUNTED = { threshold: 0.08, includeAA: true, windowSize: 12 };

/**
 * A screenshot that does not depend on what was shown before: parts that stay in sight while others are scrolled would keep how
 * they were laid on the pixels.
 */
async function paintedAnew(page, frame) {
  await frame.evaluate(async () => {
    const painted = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    document.body.style.display = "none";
    await painted();
    document.body.style.display = "";
    await painted();
  });
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "png", optimizeForSpeed: true });
  await session.detach();
  return data;
}

export class Pictures {
  static async open(browser) {
    const pictures = new Pictures();
    pictures.browser = browser;
    mkdirSync(STORED, { recursive: true });
    mkdirSync(env.PICTURES, { recursive: true });
    const old = readdirSync(env.PICTURES).filter((file) => /\.(now\.webp|differs\.png)$/.test(file));
    old.forEach((file) => rmSync(join(env.PICTURES, file)));
    pictures.page = await browser.newPage();
    const source = readFileSync(createRequire(import.meta.url).resolve("pixelmatch"), "utf8");
    await pictures.page.evaluate(async (text) => {
      window.pixelmatch = (await import(`data:text/javascript,${encodeURIComponent(text)}`)).default;
    }, source);
    pictures.fonts = await pictures.widths();
    return pictures;
  }

  /** How wide words are in the fonts that the pages ask for: where they differ, the machine has others. */
  widths() {
    return this.page.evaluate(() => {
      const pen = document.createElement("canvas").getContext("2d");
      const fonts = ["system-ui", "sans-serif"].flatMap((family) =>
        [400, 600].flatMap((weight) => [11, 14, 20].map((size) => `${weight} ${size}px ${family}`)),
      );
      return Object.fromEntries(
        fonts.map((font) => {
          pen.font = font;
          return [font, Math.round(pen.measureText("Wm. Olguín, 80202: $1,234.50 – 67% … ✓").width * 100) / 100];
        }),
      );
    });
  }

  /** Why nothing can be compared here. */
  obstacle() {
    if (UPDATE) return undefined;
    const known = JSON.parse(readFileSync(FONTS, "utf8"));
    const others = Object.keys(known).filter((font) => known[font] !== this.fonts[font]);
    return others.length > 0
      ? `other fonts than those of the stored pictures: ${others.map((font) => `${font} ${this.fonts[font]} instead of ${known[font]}`).join(", ")}`
      : undefined;
  }

  /** The whole of a page as a small picture; `frame` is where its content is. */
  async of(page, frame = page.mainFrame()) {
    // What is outside the window is not painted, so the window is made as high.
    const { width } = page.viewportSize();
    const height = await page.evaluate(() => Math.ceil(document.documentElement.getBoundingClientRect().height));
    await page.setViewportSize({ width, height });
    const drawn = await paintedAnew(page, frame);
    const small = await this.page.evaluate(
      async ([data, { scale, quality }]) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
        const [width, height] = [image.width, image.height].map((length) => Math.round(length * scale));
        const canvas = Object.assign(document.createElement("canvas"), { width, height });
        const pen = canvas.getContext("2d", { willReadFrequently: true });
        pen.imageSmoothingQuality = "high";
        pen.drawImage(image, 0, 0, width, height);
        return canvas.toDataURL("image/webp", quality).split(",")[1];
      },
      [drawn, SMALL],
    );
    return Buffer.from(small, "base64");
  }

  /** Fails where the picture that `take` takes is not as the stored one, and leaves what shows it; or stores it. */
  async compare(name, take) {
    // A part may come a moment after the rest, so what differs is looked at again.
    let found, fresh;
    for (let round = 0; round < 3; round += 1) {
      const before = fresh;
      fresh = await take();
      found = await this.difference(name, fresh);
      if (found === undefined) return;
      if (before?.equals(fresh)) break;
    }
    if (UPDATE) {
      writeFileSync(join(STORED, `${name}.webp`), fresh);
      return;
    }
    const now = join(env.PICTURES, `${name}.now.webp`);
    writeFileSync(now, fresh);
    const shown = found.picture && join(env.PICTURES, `${name}.differs.png`);
    if (shown) writeFileSync(shown, found.picture);
    assert.fail(
      `${name} ${found.words}; as it is now: ${now}${shown ? `; the difference: ${shown}` : ""}; if it is meant: scripts/views --pictures`,
    );
  }

  /** In what a picture is other than the stored one: words, and a picture of it. */
  async difference(name, fresh) {
    const stored = join(STORED, `${name}.webp`);
    if (!existsSync(stored)) return { words: "has no stored picture" };
    const before = readFileSync(stored);
    if (before.equals(fresh)) return undefined;
    const { sizes, most, picture } = await this.page.evaluate(
      async ([all, options]) => {
        const images = await Promise.all(
          all.map(async (data) => createImageBitmap(await (await fetch(`data:image/webp;base64,${data}`)).blob())),
        );
        // What only one of them has is compared with nothing, and differs.
        const width = Math.max(...images.map((image) => image.width));
        const height = Math.max(...images.map((image) => image.height));
        const canvas = Object.assign(document.createElement("canvas"), { width, height });
        const pen = canvas.getContext("2d", { willReadFrequently: true });
        const [one, other] = images.map((image) => {
          pen.clearRect(0, 0, width, height);
          pen.drawImage(image, 0, 0);
          return pen.getImageData(0, 0, width, height).data;
        });
        const shown = pen.createImageData(width, height);
        const most = window.pixelmatch(one, other, shown.data, width, height, options);
        pen.putImageData(shown, 0, 0);
        return {
          sizes: images.map((image) => `${image.width} by ${image.height}`),
          most,
          picture: canvas.toDataURL("image/png").split(",")[1],
        };
      },
      [[before, fresh].map((image) => image.toString("base64")), COUNTED],
    );
    const isOtherSize = sizes[0] !== sizes[1];
    if (!isOtherSize && most <= MAY_DIFFER) return undefined;
    const words = isOtherSize
      ? `is ${sizes[1]} pixels and was ${sizes[0]}`
      : `differs in ${most} of ${COUNTED.windowSize} by ${COUNTED.windowSize} pixels, of which ${MAY_DIFFER} may`;
    return { words, most, picture: Buffer.from(picture, "base64") };
  }

  /** A page that stands alone, light and dark, wide and narrow: the name of each picture, and what takes it. */
  async *ofHtml(name, html) {
    const page = await this.browser.newPage({ reducedMotion: "reduce" });
    await page.setContent(html);
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        yield [`${name}-${theme}-${width}`, () => this.of(page)];
      }
    }
    await page.context().close();
  }

  async compareHtml(name, html) {
    for await (const [each, take] of this.ofHtml(name, html)) await this.compare(each, take);
  }

  /** Fails where pictures are stored of something else than these, or takes them away. */
  finish(names) {
    const known = names.flatMap((name) =>
      THEMES.flatMap((theme) => WIDTHS.map((width) => `${name}-${theme}-${width}`)),
    );
    const left = readdirSync(STORED).filter((file) => file.endsWith(".webp") && !known.includes(file.slice(0, -5)));
    if (UPDATE) {
      left.forEach((file) => rmSync(join(STORED, file)));
      writeFileSync(FONTS, `${JSON.stringify(this.fonts, null, 2)}\n`);
    } else assert.deepEqual(left, [], "pictures of what is not drawn; scripts/views --pictures takes them away");
  }
}

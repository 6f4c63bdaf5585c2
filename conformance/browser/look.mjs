// What a page must look like, wherever it is met.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// Calls `find(label, what)` for whatever is wider than the screen or serious to axe.
export async function judge(page, label, find) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) find(label, `is ${wide} pixels wider than the screen`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate((runOnly) => axe.run(document, { runOnly }), RULES);
  for (const { id, impact, nodes } of violations) {
    const where = nodes.slice(0, 3).map((node) => node.html).join(" | ");
    if (["serious", "critical"].includes(impact)) find(label, `axe ${id} (${impact}): ${where}`);
    else console.error(`note ${label}: axe ${id} (${impact}): ${where}`);
  }
}

export async function shot(page, directory, name) {
  if (directory) {
    mkdirSync(directory, { recursive: true });
    await page.screenshot({ path: `${directory}/${name}.png`, fullPage: true });
  }
}

// Judges the page as it stands, and takes its pictures: light and dark, wide and narrow.
export async function look(page, name, find, directory) {
  for (const colorScheme of ["dark", "light"]) {
    for (const width of [390, 1440]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 900 });
      const label = `${name}-${colorScheme}-${width}`;
      await judge(page, label, find);
      await shot(page, directory, label);
    }
  }
}

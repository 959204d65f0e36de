// What holds for every page, whatever it shows.
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

export async function structure(page: Page): Promise<void> {
  await expect(page.locator("h1")).toHaveCount(1);
  await expect(page.locator("h1")).not.toBeEmpty();
  await expect(page).toHaveTitle(/\S/);
  await expect(page.locator("main")).toHaveCount(1);
  expect(await page.locator("header nav [aria-current]").count(), "current pages of the menu").toBeLessThanOrEqual(1);
}

export async function accessible(page: Page, name: string): Promise<void> {
  // Without frames there is nothing to gather in a page of its own.
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).setLegacyMode().analyze();
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help} at ${target.join(" ")}: ${failureSummary}`),
  );
  expect(found, `axe on ${name}`).toEqual([]);
}

export async function fits(page: Page, name: string): Promise<void> {
  const overhang = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const sticksOut = (element: Element) =>
      element.getBoundingClientRect().right > width + 1 && !element.closest(".overflow-x-auto, .sr-only");
    const culprits = [...document.body.querySelectorAll("*")].filter(sticksOut).map((element) => element.outerHTML.slice(0, 120));
    return document.documentElement.scrollWidth > width ? culprits : [];
  });
  expect(overhang, `nothing of ${name} sticks out`).toEqual([]);
  const scrolls = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  expect(scrolls, `${name} scrolls sideways`).toBe(false);
  // A wide table may scroll, but nobody looks for an amount where none is seen.
  const cutOff = await page.evaluate(() => {
    const beyond = (cell: Element) =>
      cell.getBoundingClientRect().right > (cell.closest(".overflow-x-auto")?.getBoundingClientRect().right ?? Infinity) + 1;
    const amounts = [...document.querySelectorAll<HTMLElement>("td.num:has(span[title])")].filter((cell) => cell.checkVisibility() && cell.innerText.trim());
    return amounts.filter(beyond).map((cell) => cell.innerText);
  });
  expect(cutOff, `amounts of ${name} that are cut off`).toEqual([]);
}

/** By keyboard alone: the skip link comes first and works, every control is reached, and shows where one is. */
export async function keyboard(page: Page, name: string): Promise<void> {
  const controls = await page.evaluate(() => {
    const selector = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const all = [...document.querySelectorAll<HTMLElement>(selector)];
    const usable = all.filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches(":disabled"));
    Object.assign(window, { controls: usable });
    return usable.map((element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 120));
  });
  const focused = () =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
      const index = (window as unknown as { controls: HTMLElement[] }).controls.indexOf(element);
      const marked = (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
      return { index, marked, html: element.outerHTML.slice(0, 120) };
    });
  const reached = new Set<number>();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to content" });
  await expect(skip, `the skip link of ${name} comes first`).toBeFocused();
  await expect(skip).toBeInViewport();
  // A date field is several stops.
  for (let press = 0; press < controls.length + 10 && reached.size < controls.length; press++) {
    const { index, marked, html } = await focused();
    if (index >= 0) {
      reached.add(index);
      expect(marked, `${name} shows the focus on ${html}`).toBe(true);
    }
    await page.keyboard.press("Tab");
  }
  const missed = controls.filter((_, index) => !reached.has(index));
  expect(missed, `the keyboard reaches every control of ${name}`).toEqual([]);
  await skip.focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("main"), `the skip link of ${name} leads to its content`).toBeFocused();
}

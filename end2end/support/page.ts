// Going to pages and knowing that one is there: loaded, and its islands live where scripts run.
import { expect, type BrowserContext, type Page, type Response } from "@playwright/test";

const scriptless = new WeakSet<BrowserContext>();

/** Its pages are ready as they come. */
export function withoutScripts(context: BrowserContext): void {
  scriptless.add(context);
}

export async function open(page: Page, path: string): Promise<Response> {
  const response = await page.goto(path);
  await settled(page);
  if (response === null) throw new Error(`${path} is the page that is shown already`);
  return response;
}

/** After a click that leads on: a path, with its query or whatever that is, or a test of both. */
export async function arrive(page: Page, where: string | RegExp | ((address: string) => boolean)): Promise<void> {
  await page.waitForURL(({ pathname, search }) => {
    const address = pathname + search;
    if (typeof where === "function") return where(address);
    return typeof where === "string" ? where === pathname || where === address : where.test(address);
  });
  await settled(page);
}

/** The document says when its islands answer. */
async function settled(page: Page): Promise<void> {
  if (!scriptless.has(page.context())) await expect(page.locator("html[data-hydrated]")).toBeAttached();
}

/** The section with this heading. */
export function panel(page: Page, title: string | RegExp) {
  return page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: title, exact: true }) });
}

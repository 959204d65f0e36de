// Pages as pictures, at two widths and in two themes; what no page may lack is checked on the way.
import { expect, type Page } from "@playwright/test";
import { accessible, fits, keyboard, structure } from "./inspect";
import { open } from "./page";

export const PICTURES = new URL("../../target/screenshots", import.meta.url).pathname;
const DESK = { width: 1280, height: 800 };
export const HAND = { width: 390, height: 844 };

/** In all four appearances, the page being where it is; the last one, wide and light, it keeps. */
export async function inspect(page: Page, name: string, status = 200): Promise<void> {
  // The skip link may have led to a part of the page.
  const [address] = page.url().split("#");
  for (const theme of ["dark", "light"]) {
    await page.context().addCookies([{ name: "theme", value: theme, url: address }]);
    for (const size of [HAND, DESK]) {
      await page.setViewportSize(size);
      const answer = await open(page, address);
      expect(answer.status(), name).toBe(status);
      const picture = `${name}-${size.width}-${theme}`;
      await page.screenshot({ path: `${PICTURES}/${picture}.png`, fullPage: true });
      await structure(page);
      await fits(page, picture);
      // The narrow page in the dark has the elements of the one and the colours of the other.
      if (theme === "light" || size === DESK) await accessible(page, picture);
      if (theme === "light" && size === DESK) await keyboard(page, name);
    }
  }
}

/** An invoice as it is, with every explanation open. */
export async function inspectExplained(page: Page, name: string): Promise<void> {
  for (const size of [HAND, DESK]) {
    await page.setViewportSize(size);
    for (const lines of await page.locator("details").all()) {
      if ((await lines.getAttribute("open")) === null) await lines.locator("summary").click();
    }
    await page.screenshot({ path: `${PICTURES}/${name}-${size.width}-light.png`, fullPage: true });
    await fits(page, name);
    await accessible(page, name);
  }
}

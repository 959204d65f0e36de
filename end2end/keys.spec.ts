// A customer's own API keys: made, shown once, rotated and revoked, without scripts as well.
import { request } from "@playwright/test";
import { ADA, expect, type Page, test } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";

test.beforeEach(() => test.setTimeout(180_000));

const shown = (page: Page) => page.locator("code.select-all");

/** What a program with the key is answered. */
async function status(key: string): Promise<number> {
  const program = await request.newContext({ extraHTTPHeaders: { authorization: `Bearer ${key}` } });
  try {
    return (await program.get(`${process.env.BASE_URL ?? "http://127.0.0.1:3000"}/v1/alerts`)).status();
  } finally {
    await program.dispose();
  }
}

test("the keys of the demo customer hold", async ({ pageOf }) => {
  const page = await pageOf(ADA);
  await open(page, "/settings");
  await inspect(page, "settings");
  await page.getByRole("link", { name: "See the keys" }).click();
  await arrive(page, "/settings/keys");
  await expect(panel(page, "In force").getByRole("row", { name: /^Deploy pipeline/ })).toContainText("read, change");
  await inspect(page, "keys");
});

test("a key is made, shown once, rotated and revoked", async ({ pageOf, signUp }) => {
  const [page, customer] = await signUp("Key Labs");
  await open(page, "/settings/keys");
  await expect(page.getByText("No key is in force")).toBeVisible();
  await inspect(page, "keys-new");
  const form = panel(page, "New key");
  await form.getByLabel("Name").fill("Build server");
  await form.getByRole("button", { name: "Make the key" }).click();
  await arrive(page, "/settings/keys?error=no_scope");
  await expect(form.getByLabel("Name")).toHaveValue("Build server");
  await inspect(page, "keys-refused");

  await form.getByLabel(/^Read/).check();
  await form.getByLabel("Last day (UTC)").fill("2099-12-31");
  await form.getByRole("button", { name: "Make the key" }).click();
  await arrive(page, "/settings/keys?error=invalid_expiry_day");
  await form.getByLabel("Last day (UTC)").fill("2033-12-31");
  await form.getByRole("button", { name: "Make the key" }).click();
  await arrive(page, "/settings/keys?key=new");
  await expect(shown(page)).toHaveText(/^cbk_[\w-]{43}$/);
  const key = await shown(page).innerText();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy" }).click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);
  await page.screenshot({ path: new URL("../target/screenshots/keys-shown-1280-light.png", import.meta.url).pathname, fullPage: true });
  expect(await status(key)).toBe(200);
  await open(page, "/settings/keys?key=new");
  await expect(shown(page), "it is shown once").toHaveCount(0);
  const row = (at: Page) => panel(at, "In force").getByRole("row", { name: /^Build server/ });
  await expect(row(page)).toContainText("Dec 31, 2033");

  const plain = await pageOf(customer.email, { javaScriptEnabled: false });
  await open(plain, "/settings/keys");
  await row(plain).getByText("Rotate").first().click();
  await expect(row(plain)).toContainText("A new key takes the place of Build server.");
  await plain.getByRole("button", { name: "Rotate Build server" }).click();
  await arrive(plain, "/settings/keys?key=rotated");
  const second = await shown(plain).innerText();
  expect([await status(key), await status(second)], "both work for a day").toEqual([200, 200]);
  await expect(row(plain)).toHaveCount(2);

  await row(plain).last().getByText("Revoke").first().click();
  await expect(row(plain).last()).toContainText("Whatever uses Build server is refused from now on.");
  await row(plain).last().getByRole("button", { name: "Revoke Build server" }).click();
  await arrive(plain, "/settings/keys?done=key_revoked");
  expect([await status(key), await status(second)]).toEqual([401, 200]);
  await open(page, "/settings/keys");
  await page.locator("summary").filter({ hasText: "Revoked and expired" }).click();
  await inspect(page, "keys-revoked");
});

// Coupons as operators make them: the coupon, a code to type, unique codes in a file, and what it all came to.
import { readFileSync } from "node:fs";
import { buy, pay } from "./support/checkout";
import { ADMIN, expect, test, VIEWER } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";
import { sql } from "./support/sql";
import { dollars } from "./support/bill";

test.beforeEach(() => test.setTimeout(180_000));

const figure = (page: import("@playwright/test").Page, label: string) =>
  page.locator("dl > div").filter({ has: page.getByText(label, { exact: true }) }).locator("dd").first();

test("a coupon is made, redeemed by a customer, and added up", async ({ guard, pageOf, signUp }) => {
  const page = await pageOf(ADMIN);
  await open(page, "/admin/coupons");
  const form = panel(page, "New coupon");
  await form.getByLabel("Name").fill("Autumn fair");
  await form.getByLabel("How much").fill("15");
  await form.getByLabel("For how long").selectOption({ label: "So many billing periods" });
  await form.getByLabel("How many periods or months").fill("3");
  await form.getByLabel("Starter").check();
  await form.getByLabel("Professional").check();
  await form.getByRole("button", { name: "Make the coupon" }).click();
  await arrive(page, /^\/admin\/coupons\/cou_[0-9a-f]{32}\?done=coupon_created$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Autumn fair");
  await expect(page.locator("main")).toContainText("15% off · 3 billing periods · Professional, Starter");
  await expect(page.locator("main")).toContainText("No code gives it yet");

  const one = panel(page, "A code to type");
  await one.getByLabel("Code", { exact: true }).fill("autumn-15");
  await one.getByLabel("Campaign").fill("Fair");
  await one.getByLabel("Redeemed at most").fill("2");
  await one.getByLabel("Last day (UTC)").fill("2099-12-31");
  await one.getByRole("button", { name: "Make the code" }).click();
  await arrive(page, /done=codes_created$/);
  const row = page.getByRole("row", { name: /AUTUMN-15/ });
  await expect(row).toContainText("0 of 2");
  await expect(row).toContainText("until Dec 31, 2099");
  await expect(row).toContainText("Fair");

  const [buyer] = await signUp("Fair Visitor", "/pricing?code=AUTUMN-15");
  await buy(buyer, "Starter");
  await pay(buyer);

  const many = panel(page, "Unique codes");
  await many.getByLabel("Prefix").fill("FAIR-");
  await many.getByLabel("How many").fill("60");
  await many.getByLabel("Campaign").fill("=Fair");
  await many.getByRole("button", { name: "Make the codes" }).click();
  await arrive(page, /done=codes_created$/);
  await expect(figure(page, "Codes")).toHaveText("61, 61 active");
  await expect(figure(page, "Redemptions")).toHaveText("1");
  await expect(figure(page, "Discount given")).toHaveText("$29.85");
  await expect(figure(page, "MRR won")).toHaveText("$169.15");
  await expect(panel(page, "Codes").locator("tbody tr")).toHaveCount(61);
  await inspect(page, "admin-coupon");

  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "All codes as CSV" }).click();
  const lines = readFileSync(await (await downloading).path(), "utf8").trimEnd().split("\r\n");
  expect(lines[0]).toBe("code,state,redeemed,max_redemptions,campaign,expires_at");
  expect(lines).toContain('AUTUMN-15,active,1,2,"Fair",2100-01-01T00:00:00+00:00');
  const unique = lines.filter((line) => /^FAIR-[A-HJ-NP-Z2-9]{10},active,0,1,"'=Fair",$/.test(line));
  expect(new Set(unique).size, "each once, and no campaign is a formula").toBe(60);
  expect(lines.length).toBe(62);

  await row.getByText("Retire").first().click();
  await expect(row).toContainText("This cannot be undone.");
  await row.getByRole("button", { name: "Retire AUTUMN-15" }).click();
  await arrive(page, /done=code_retired$/);
  await expect(row).toContainText("Retired");
  await open(buyer, "/pricing");

  const coupon = new URL(page.url()).pathname;
  await open(page, "/admin/coupons");
  const [[given]] = sql(
    `SELECT sum(l.discount_minor) FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id WHERE i.status <> 'void'`,
  );
  const column = async (name: string, index: number) => {
    const cells = await panel(page, name).locator(`tbody tr td:nth-of-type(${index})`).allInnerTexts();
    return cells.map((cell) => BigInt(cell.replace(/[$,.]/g, ""))).reduce((sum, cents) => sum + cents, 0n);
  };
  expect(dollars(await column("Coupons", 6)), "all discounts of all coupons").toBe(dollars(BigInt(given)));
  await expect(panel(page, "Campaigns").getByRole("row", { name: /^Fair/ })).toContainText("$169.15");
  await inspect(page, "admin-coupons");

  guard.foresee(403, /^\/(fn|admin\/coupons)\//);
  const viewer = await pageOf(VIEWER);
  await open(viewer, coupon);
  await expect(viewer.getByRole("button", { name: /Make|Retire/ })).toHaveCount(0);
  await expect(viewer.getByRole("link", { name: "All codes as CSV" })).toHaveCount(0);
  const file = await viewer.request.get(`${coupon}/codes.csv`);
  expect(file.status()).toBe(403);
  const stranger = await pageOf();
  const sentAway = await stranger.request.get(`${coupon}/codes.csv`, { maxRedirects: 0 });
  expect([sentAway.status(), sentAway.headers().location]).toEqual([303, `/sign-in?next=${coupon}`]);
  await inspect(viewer, "admin-coupon-viewer");
});

test("what cannot be a coupon or a code is refused, without scripts as well", async ({ pageOf }) => {
  const page = await pageOf(ADMIN, { javaScriptEnabled: false });
  await open(page, "/admin/coupons");
  const form = panel(page, "New coupon");
  await form.getByLabel("Name").fill("Too much");
  await form.getByLabel("How much").fill("101");
  await form.getByRole("button", { name: "Make the coupon" }).click();
  await arrive(page, "/admin/coupons?error=invalid");
  await expect(page.getByText("Something in the form cannot be right")).toBeVisible();

  await form.getByLabel("Name").fill("Ten off");
  await form.getByLabel("Takes off").selectOption({ label: "Amount in USD" });
  await form.getByLabel("How much").fill("10.00");
  await form.getByRole("button", { name: "Make the coupon" }).click();
  await arrive(page, /done=coupon_created$/);
  await expect(page.locator("main")).toContainText("$10.00 off · The next invoice · All plans");
  for (const reached of [/done=codes_created$/, /error=code_taken$/]) {
    const one = panel(page, "A code to type");
    await one.getByLabel("Code", { exact: true }).fill("TEN-OFF");
    await one.getByRole("button", { name: "Make the code" }).click();
    await arrive(page, reached);
  }
  await expect(page.getByText("There is such a promotion code already")).toBeVisible();
});

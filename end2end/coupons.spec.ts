// Promotion codes: buying with one, what it takes off the invoice, and redeeming another for a plan that runs.
import { bill, dollars } from "./support/bill";
import { buy, pay } from "./support/checkout";
import { expect, type Page, test } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect, inspectExplained } from "./support/pictures";
import { staff } from "./support/staff";

test.beforeEach(() => test.setTimeout(180_000));

/** Makes a coupon and one code that gives it. */
function promote(name: string, what: string[], code: string, ...limits: string[]): void {
  const coupon = staff("coupon", "create", "--name", name, ...what);
  expect(coupon).toMatch(/^cou_[0-9a-f]{32}$/);
  expect(staff("coupon", "codes", "--coupon", coupon, "--code", code, ...limits)).toBe(code);
}

const prices = async (page: Page, code: string) => {
  await page.getByLabel("Promotion code").fill(code);
  await page.getByRole("button", { name: "Apply" }).click();
  await arrive(page, (address) => address.startsWith("/pricing") && address.includes("code="));
};

const banner = (page: Page) => page.locator("main .alert");

test("a plan is bought with a code, and another code is redeemed for it", async ({ signUp }) => {
  promote("Launch week", ["--percent", "20", "--duration", "3-periods"], "LAUNCH-20");
  promote("Welcome back", ["--amount", "50.00", "--duration", "6-months"], "WELCOME-50");
  const [page] = await signUp("Early Bird", "/pricing");

  await prices(page, " launch-20");
  await expect(banner(page)).toContainText("LAUNCH-20: Launch week, 20% off");
  await expect(banner(page)).toContainText("The first invoice of Starter is $159.20 instead of $199.00; $171.94 with tax.");
  await expect(page.locator("#starter")).toContainText("$159.20 on the first invoice");
  await inspect(page, "pricing-code");
  await page.getByRole("link", { name: /^Yearly/ }).click();
  await arrive(page, (address) => address.includes("interval=year") && address.includes("code=LAUNCH-20"));
  await expect(page.locator("#starter")).toContainText("$1,592.00 on the first invoice");
  await page.getByRole("link", { name: "Monthly" }).click();
  await arrive(page, /interval=month/);
  await page.getByRole("link", { name: "See Professional with the code" }).click();
  await arrive(page, /plan=professional/);
  await expect(page.locator("#professional")).toContainText("$799.20 on the first invoice");

  await buy(page, "Starter");
  const summary = panel(page, "What this is for");
  await expect(summary).toContainText("Discount");
  await expect(summary.getByRole("row", { name: "Total" })).toContainText("$171.94");
  await pay(page);

  await open(page, "/invoices");
  await page.getByRole("row", { name: /Purchase/ }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  const bought = await bill(panel(page, "Lines").getByRole("table"));
  expect(bought.lines.map(({ cents }) => dollars(cents))).toEqual(["$199.00"]);
  expect(bought.discounts.map(({ what, cents }) => [what, dollars(cents)])).toEqual([["Launch week, 20% off", "\u2212$39.80"]]);
  expect([dollars(bought.tax), dollars(bought.total)]).toEqual(["$12.74", "$171.94"]);
  await inspect(page, "invoice-discount");
  await inspectExplained(page, "invoice-discount-explained");
  await expect(page.locator("details p").last()).toHaveText("Launch week, 20% off: $199.00 \u2212 $39.80 = $159.20.");

  await open(page, "/plan");
  const promotions = panel(page, "Promotions");
  await expect(promotions.getByRole("listitem")).toHaveText("Launch week, 20% off for 2 more invoices");
  await promotions.getByLabel("Promotion code").fill("welcome-50");
  await promotions.getByRole("button", { name: "Redeem" }).click();
  await arrive(page, "/plan?done=code_redeemed");
  await expect(page.getByRole("status").filter({ hasText: "The promotion code is redeemed." })).toBeVisible();
  await expect(promotions.getByRole("listitem").last()).toContainText(/^Welcome back, \$50\.00 off until \w+ \d+, \d{4}$/);
  await inspect(page, "plan-promotions");

  await open(page, "/overview");
  const next = await bill(panel(page, "Next bill").getByRole("table"));
  expect(next.discounts.map(({ what, cents }) => [what, dollars(cents)])).toEqual([
    ["Launch week, 20% off", "\u2212$39.80"],
    ["Welcome back, $50.00 off", "\u2212$50.00"],
  ]);
  expect(dollars(next.total)).toBe("$117.94");
  await inspect(page, "overview-discount");
});

test("a code that is not taken says why, before and after buying", async ({ signUp }) => {
  promote("Large plans", ["--percent", "10"], "LARGE-10", "--minimum", "500.00");
  promote("Starter only", ["--percent", "15", "--plan", "starter"], "START-15");
  promote("One only", ["--percent", "5"], "ONCE-5", "--max-redemptions", "1");
  const [page] = await signUp("Odd Codes", "/pricing");

  await prices(page, "nobody-knows");
  await expect(banner(page)).toContainText("This promotion code is not known");
  await expect(page.locator("#starter input[name=code]"), "it is not taken along").toHaveCount(0);
  await inspect(page, "pricing-code-unknown");

  await prices(page, "LARGE-10");
  await expect(banner(page)).toContainText("It is for prices of at least $500.00 before tax.");
  await expect(page.locator("#starter input[name=code]")).toHaveCount(0);
  await expect(page.locator("#professional input[name=code]").first()).toHaveValue("LARGE-10");
  await page.getByRole("link", { name: "See Professional with the code" }).click();
  await arrive(page, /plan=professional/);
  await expect(page.locator("#professional")).toContainText("$899.10 on the first invoice");

  await prices(page, "START-15");
  await expect(banner(page)).toContainText("It is not taken with Professional.");
  await banner(page).getByRole("link", { name: "Go on without it" }).click();
  await arrive(page, "/pricing?interval=month&plan=professional");
  await expect(banner(page)).toHaveCount(0);

  const [first] = await signUp("Came First", "/pricing?code=ONCE-5");
  await buy(first, "Starter");
  await pay(first);
  await prices(page, "ONCE-5");
  await expect(banner(page)).toContainText("This promotion code is used up");

  await open(first, "/plan");
  const promotions = panel(first, "Promotions");
  await expect(promotions.getByRole("listitem")).toHaveText("One only, 5% off until this billing period ends");
  await promotions.getByLabel("Promotion code").fill("LARGE-10");
  await promotions.getByRole("button", { name: "Redeem" }).click();
  await arrive(first, "/plan?error=code_below_minimum");
  await expect(promotions).toContainText("This promotion code is for larger bills");
  await expect(promotions.getByLabel("Promotion code")).toHaveValue("LARGE-10");
  await inspect(first, "plan-code-refused");
});

test("a visitor keeps the code through signing up, without scripts as well", async ({ pageOf, signUp }) => {
  promote("Friends", ["--percent", "25"], "FRIENDS-25");
  const visitor = await pageOf();
  await open(visitor, "/pricing?code=friends-25");
  await expect(banner(visitor)).toContainText("Promotion code FRIENDS-25");
  await inspect(visitor, "pricing-code-visitor");
  const next = await visitor.getByRole("link", { name: "Buy Starter" }).getAttribute("href");
  expect(next).toBe("/sign-up?next=/pricing%3Finterval%3Dmonth%26plan%3Dstarter%26code%3DFRIENDS-25");

  const plain = { javaScriptEnabled: false };
  const [page] = await signUp("Plain Codes", "/pricing?interval=month&plan=starter&code=FRIENDS-25", plain);
  await expect(page.locator("#starter")).toContainText("$149.25 on the first invoice");
  await buy(page, "Starter");
  await pay(page);
  promote("Plain too", ["--percent", "10", "--duration", "forever"], "PLAIN-10");
  await open(page, "/plan");
  await page.getByLabel("Promotion code").fill("PLAIN-10");
  await page.getByRole("button", { name: "Redeem" }).click();
  await arrive(page, "/plan?done=code_redeemed");
  await expect(panel(page, "Promotions").getByRole("listitem").last()).toHaveText("Plain too, 10% off for good");

  await open(page, "/pricing?code=FRIENDS-25");
  await expect(banner(page)).toContainText("Redeem the code on the page of your plan");
});

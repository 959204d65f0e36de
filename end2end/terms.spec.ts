// A customer on net terms who does not pay in time. It moves the clock, as slice.spec.ts does, and comes after it.
import { buy, pay } from "./support/checkout";
import { ADMIN, expect, test } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";
import { staff } from "./support/staff";

test("who does not pay an invoice in time is told so, pays and is well again", async ({ pageOf, signUp }) => {
  test.setTimeout(180_000);
  const [page] = await signUp("Slow To Pay", "/pricing");
  await buy(page, "Starter");
  await pay(page);
  await open(page, "/overview");
  const customer = await panel(page, "Usage").locator("code").innerText();
  staff("customer", "terms", "--customer", customer, "--net-days", "1");
  await open(page, "/plan");
  await page.getByRole("link", { name: "Choose Professional" }).click();
  await arrive(page, /^\/plan\/change/);
  await page.getByRole("button", { name: "Confirm" }).click();
  await arrive(page, "/plan?done=change_applied");

  const operator = await pageOf(ADMIN);
  await open(operator, "/admin/system");
  // Due tomorrow, and payable for the whole of that day.
  for (let day = 0; day < 2; day++) {
    await operator.getByRole("button", { name: "Plus one day" }).click();
    await expect(operator.getByRole("button", { name: "Plus one day" })).toBeVisible({ timeout: 60_000 });
  }

  await open(page, "/overview");
  const banner = page.locator(".alert").filter({ hasText: "An invoice is overdue" });
  await expect(banner).toContainText("Pay it and everything goes on at once.");
  await expect(page.getByText("Past due", { exact: true })).toBeVisible();
  await inspect(page, "overview-overdue");
  await open(page, "/invoices");
  await page.getByRole("row", { name: /Overdue since/ }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  const invoice = new URL(page.url()).pathname;
  await inspect(page, "invoice-overdue");

  await open(page, "/overview");
  await banner.getByRole("button", { name: "Pay now" }).click();
  await pay(page);
  await open(page, "/overview");
  await expect(banner).toHaveCount(0);
  await expect(page.getByText("Active", { exact: true })).toBeVisible();
  await open(page, invoice);
  await expect(page.getByText("Paid", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: /^Pay/ })).toHaveCount(0);
});

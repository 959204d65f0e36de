// A customer whose last payment failed. After pages.spec.ts, which shows how that looks.
import { pay } from "./support/checkout";
import { expect, LIN, NORA, test } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";

test("who is past due is told so, pays and is well again", async ({ pageOf }) => {
  const page = await pageOf(NORA);
  await open(page, "/overview");
  const banner = page.locator(".alert").filter({ hasText: "Your last payment failed" });
  await expect(banner).toContainText("$214.92 is due on invoice");
  await expect(banner).toContainText("The card is tried again on ");
  await expect(banner).toContainText("access becomes read-only");
  await expect(banner.getByRole("button", { name: "Replace card" })).toBeVisible();
  await open(page, "/invoices");
  await page.getByRole("row", { name: /Open/ }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  const invoice = new URL(page.url()).pathname;
  await expect(panel(page, "Payments").getByRole("row", { name: /Declined/ }).first()).toContainText("The bank declined");

  await open(page, "/overview");
  await banner.getByRole("button", { name: "Pay now" }).click();
  await pay(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Payment received");
  await page.getByRole("link", { name: "To the overview" }).click();
  await arrive(page, "/overview");
  await expect(banner).toHaveCount(0);
  await expect(page.getByText("Active", { exact: true })).toBeVisible();
  await open(page, invoice);
  await expect(page.getByText("Paid", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: /^Pay/ })).toHaveCount(0);
});

test("who is suspended sees what happens when, changes no plan, pays and has access again", async ({ pageOf }) => {
  const page = await pageOf(LIN);
  await open(page, "/overview");
  const banner = page.locator(".alert").filter({ hasText: "access is read-only" });
  await expect(banner).toContainText(/\$[\d.,]+ is due on invoice/);
  await expect(banner).toContainText("The card is not tried again.");
  await expect(banner).toContainText("your subscription ends");
  await open(page, "/plan");
  await expect(page.getByText("Plans can be changed again once what is owed is paid.")).toBeVisible();
  await expect(page.getByRole("link", { name: /^Choose/ })).toHaveCount(0);

  await banner.getByRole("button", { name: "Replace card" }).click();
  await pay(page);
  // What is owed is tried with the new card once it is kept, and not while its owner waits.
  await expect(async () => {
    await open(page, "/overview");
    await expect(banner).toHaveCount(0);
  }).toPass({ timeout: 60_000 });
  await expect(page.getByText("Active", { exact: true })).toBeVisible();
  await open(page, "/plan");
  await expect(page.getByRole("link", { name: /^Choose/ }).first()).toBeVisible();
});

// A customer whose last payment failed. After pages.spec.ts, which shows how that looks.
import { pay } from "./support/checkout";
import { expect, NORA, test } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";

test("who is past due is told so, pays and is well again", async ({ pageOf }) => {
  const page = await pageOf(NORA);
  await open(page, "/overview");
  const banner = page.locator(".alert").filter({ hasText: "Your last payment failed" });
  await expect(banner).toContainText("$214.92 is due on invoice");
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

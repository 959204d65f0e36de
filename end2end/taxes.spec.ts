// Where a company is for tax, and what its invoices bear of it.
import { buy, pay } from "./support/checkout";
import { expect, type Page, test } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect, inspectExplained } from "./support/pictures";
import { staff } from "./support/staff";

test.beforeEach(() => test.setTimeout(180_000));

const say = async (page: Page, country: string, id: string) => {
  await page.getByLabel("Country or region").selectOption({ label: country });
  await page.getByLabel("Tax id").fill(id);
  await page.getByRole("button", { name: "Save" }).click();
};

const lastInvoice = async (page: Page) => {
  await open(page, "/invoices");
  await page.getByRole("row", { name: /Purchase/ }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
};

const sum = (page: Page, name: string | RegExp) => panel(page, "Lines").getByRole("row", { name });

test("a business gives its tax id and pays the tax itself", async ({ signUp }) => {
  staff("tax", "region", "--region", "DE", "--tax", "VAT=0.19", "--reverse-charge");
  const [page] = await signUp("Berlin Nodes", "/settings");
  await expect(panel(page, "Tax")).toContainText("Prices are before tax, plus Tax 8%.");

  await say(page, "Germany", "DE12345678");
  await arrive(page, /error=invalid_tax_id/);
  await expect(page.getByText("This is not the form of a tax id there").first()).toBeVisible();
  await expect(page.getByLabel("Tax id")).toHaveValue("DE12345678");
  await expect(page.getByLabel("Country or region")).toHaveValue("DE");
  await inspect(page, "settings-refused");
  await say(page, "Germany", "");
  await arrive(page, /done=tax_saved/);
  await expect(panel(page, "Tax")).toContainText("Prices are before tax, plus VAT 19%.");
  await say(page, "Germany", "de 123 456 789");
  await arrive(page, /done=tax_saved/);
  await expect(panel(page, "Tax")).toContainText("Reverse charge: no tax is charged.");
  await expect(page.getByLabel("Tax id")).toHaveValue("DE123456789");
  await inspect(page, "settings");

  await open(page, "/pricing");
  await buy(page, "Starter");
  await expect(panel(page, "What this is for").getByRole("row", { name: "Total" })).toContainText("$199.00");
  await pay(page);
  await lastInvoice(page);
  await expect(page.locator("main")).toContainText("Tax id DE123456789");
  await expect(panel(page, "Lines")).toContainText("Reverse charge: you account for the tax at your own tax office.");
  await expect(sum(page, /^Tax: reverse charge/)).toContainText("$0.00");
  await expect(sum(page, /^Total/)).toContainText("$199.00");
  await inspect(page, "invoice-reverse-charge");
});

test("prices that hold their tax are what is paid", async ({ signUp }) => {
  staff("tax", "region", "--region", "AU", "--tax", "GST=0.10", "--inclusive");
  const [page] = await signUp("Sydney Chains", "/settings");
  await say(page, "Australia", "");
  await arrive(page, /done=tax_saved/);
  await expect(panel(page, "Tax")).toContainText("Prices include GST 10%.");
  await open(page, "/pricing");
  await expect(page.locator("main")).toContainText("Prices include tax.");
  await buy(page, "Starter");
  await expect(panel(page, "What this is for").getByRole("row", { name: "Total" })).toContainText("$199.00");
  await pay(page);
  await lastInvoice(page);
  await expect(sum(page, /^Net/)).toContainText("$180.91");
  await expect(sum(page, /^GST 10%, included/)).toContainText("$18.09");
  await expect(sum(page, /^Total/)).toContainText("$199.00");
  await inspect(page, "invoice-inclusive");
  await inspectExplained(page, "invoice-inclusive-explained");
});

test("several taxes stand in a row each", async ({ signUp }) => {
  staff("tax", "region", "--region", "CA-QC", "--tax", "GST=0.05", "--tax", "QST=0.09975");
  const [page] = await signUp("Laval Ledgers", "/settings");
  await say(page, "Canada, QC", "");
  await arrive(page, /done=tax_saved/);
  await open(page, "/pricing");
  await buy(page, "Starter");
  await pay(page);
  await lastInvoice(page);
  await expect(sum(page, /^GST 5%/)).toContainText("$9.95");
  await expect(sum(page, /^QST 9.975%/)).toContainText("$19.85");
  await expect(sum(page, /^Total/)).toContainText("$228.80");
  await inspect(page, "invoice-two-taxes");
});

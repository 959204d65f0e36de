// The wallet: buying credit, being granted some, and what invoices take of it. Before slice.spec.ts moves the clock,
// and the credit of the demo data is used up.
import { bill } from "./support/bill";
import { buy, DECLINED_CARD, HOSTED, pay, sendCard } from "./support/checkout";
import { expect, type Page, test } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";
import { staff } from "./support/staff";

test.beforeEach(() => test.setTimeout(180_000));

/** Of the demo data: has bought credit, used some, and was granted more. */
const TERRA = "tom@terra.example";

const balance = (page: Page) => panel(page, "Credit balance");

async function topUp(page: Page, amount: string): Promise<void> {
  await page.getByLabel("Amount in USD").fill(amount);
  await page.getByRole("button", { name: "Buy credit" }).click();
}

test("a wallet with all kinds of credit holds, and so does an invoice that took some", async ({ pageOf }) => {
  const page = await pageOf(TERRA);
  await open(page, "/wallet");
  const order = panel(page, "Used in this order").getByRole("row");
  await expect(order.nth(1)).toContainText("Used next");
  await expect(panel(page, "History")).toContainText("Expired");
  await inspect(page, "wallet");
  const paid = panel(page, "History").getByRole("row", { name: /Paid for invoice/ }).last();
  await paid.getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  await expect(panel(page, "Lines").getByRole("row", { name: "Promotional credit" })).toContainText("\u2212$40.00");
  await inspect(page, "invoice-promotional-credit");
});

test("credit is bought, and a plan is paid from it", async ({ signUp }) => {
  const [page] = await signUp("Full Purse");
  await open(page, "/wallet");
  await expect(balance(page)).toContainText("$0.00");
  await inspect(page, "wallet-new");

  await topUp(page, "4.99");
  await arrive(page, /^\/wallet\?error=invalid_amount/);
  await expect(page.getByLabel("Amount in USD")).toHaveValue("4.99");
  await expect(panel(page, "Top up")).toContainText("From $5 to $10,000.");
  await inspect(page, "wallet-refused");

  await topUp(page, "150.00");
  await arrive(page, HOSTED);
  await expect(panel(page, "What this is for")).toContainText("Credit top-up");
  await sendCard(page, DECLINED_CARD);
  await arrive(page, /error=/);
  await open(page, "/wallet");
  await expect(page.locator("main .alert")).toContainText("A top-up of $150.00 waits for its payment");
  await expect(balance(page)).toContainText("$0.00");
  await inspect(page, "wallet-waiting");

  await page.getByRole("link", { name: "See the invoice" }).click();
  await arrive(page, /^\/invoices\/inv_/);
  await page.getByRole("button", { name: "Pay $150.00" }).click();
  await arrive(page, HOSTED);
  await pay(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Payment received");
  await page.getByRole("link", { name: "To the wallet" }).click();
  await arrive(page, "/wallet");
  await expect(balance(page)).toContainText("$150.00");

  await open(page, "/pricing");
  await expect(page.locator("#starter")).toContainText("$150.00 of it, tax included, is paid from your credit.");
  await buy(page, "Starter");
  await expect(panel(page, "What this is for").getByRole("row", { name: "Credit" })).toContainText("\u2212$150.00");
  await pay(page);
  await open(page, "/invoices");
  await page.getByRole("row", { name: /Purchase/ }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  const lines = panel(page, "Lines");
  await expect(lines.getByRole("row", { name: "Credit applied" })).toContainText("\u2212$150.00");
  expect((await bill(lines.getByRole("table"))).lines).toHaveLength(1);
  await open(page, "/wallet");
  await expect(panel(page, "Used in this order")).toContainText("All of it is used.");
  await inspect(page, "wallet-used");

  await open(page, "/overview");
  const customer = await panel(page, "Usage").locator("code").innerText();
  const granted = staff("credit", "grant", "--customer", customer, "--amount", "25.00", "--expires", "2040-01-01T00:00:00Z", "--reason", "Hello");
  expect(granted).toMatch(/^cg_[0-9a-f]{32}$/);
  expect(staff("credit", "list", "--customer", customer)).toContain("25.00 of 25.00 USD, promotional, priority 50, expires 2040-01-01T00:00:00Z");
  await open(page, "/overview");
  const next = panel(page, "Next bill");
  await expect(next.getByRole("row", { name: "Promotional credit" })).toContainText("\u2212$25.00");
  await next.getByRole("link", { name: "You have $25.00 of credit" }).click();
  await arrive(page, "/wallet");
  await expect(panel(page, "Used in this order").getByRole("row").nth(1)).toContainText("Promotional credit");
  await expect(balance(page)).toContainText("$25.00");
});

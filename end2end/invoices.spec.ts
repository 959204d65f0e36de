// Invoices that no card simply pays: sent on net terms, taken back, written off, of one-off items, of late usage.
import { bill, dollars } from "./support/bill";
import { buy, pay } from "./support/checkout";
import { expect, type Page, test } from "./support/fixtures";
import { report } from "./support/host";
import { arrive, open, panel } from "./support/page";
import { HAND, inspect, inspectExplained } from "./support/pictures";
import { staff } from "./support/staff";

const TOM = "tom@terra.example";
const DAY = 24 * 60 * 60 * 1000;

test.beforeEach(() => test.setTimeout(120_000));

/** The customer as staff and the host platform name it. */
async function named(page: Page): Promise<string> {
  await open(page, "/overview");
  return panel(page, "Usage").locator("code").innerText();
}

/** The only invoice of a kind, opened from the list; gives its number. */
async function openInvoice(page: Page, kind: RegExp): Promise<string> {
  await open(page, "/invoices");
  await page.getByRole("row", { name: kind }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  return (await page.getByRole("heading", { level: 1 }).innerText()).replace("Invoice ", "");
}

const payButton = (page: Page) => page.getByRole("button", { name: /^Pay/ });

test("on net terms an invoice is sent, with the day it is due, and no card is charged", async ({ signUp }) => {
  const [page] = await signUp("Thirty Days", "/pricing");
  await buy(page, "Starter");
  await pay(page);
  const customer = await named(page);
  staff("customer", "terms", "--customer", customer, "--net-days", "30");
  await open(page, "/overview");
  await expect(panel(page, "Next bill")).toContainText("You are sent an invoice, due within 30 days.");
  await inspect(page, "overview-net-terms");

  await open(page, "/plan");
  await page.getByRole("link", { name: "Choose Professional" }).click();
  await arrive(page, /^\/plan\/change/);
  const due = panel(page, "Due within 30 days");
  await expect(due).toContainText("Professional begins at once. You are sent an invoice, due within 30 days");
  await inspect(page, "plan-upgrade-net-terms");
  const previewed = await bill(due.getByRole("table"));
  await due.getByRole("button", { name: "Confirm" }).click();
  await arrive(page, "/plan?done=change_applied");
  await expect(page.locator("#professional")).toContainText("Current plan");

  await openInvoice(page, /Upgrade/);
  expect((await bill(panel(page, "Lines").getByRole("table"))).total).toBe(previewed.total);
  await expect(page.getByText(/Due on \w+ \d+, \d{4}/)).toBeVisible();
  await expect(panel(page, "Payments")).toContainText("No card is charged for this invoice by itself. Pay it by");
  await expect(page.getByRole("button", { name: `Pay ${dollars(previewed.total)}` })).toBeVisible();
  await inspect(page, "invoice-net-terms");
  await open(page, "/invoices");
  await inspect(page, "invoices-net-terms");
  await page.setViewportSize(HAND);
  await expect(page.getByRole("cell", { name: dollars(previewed.total) }), "in sight on a phone").toBeInViewport({ ratio: 1 });
  await open(page, "/overview");
  await expect(page.getByText("Active", { exact: true })).toBeVisible();
});

test("a void invoice says so and asks for nothing", async ({ signUp }) => {
  const [page] = await signUp("Asked By Mistake", "/pricing");
  await buy(page, "Starter");
  await pay(page);
  const customer = await named(page);
  staff("customer", "terms", "--customer", customer, "--net-days", "14");
  await open(page, "/plan");
  await page.getByRole("link", { name: "Choose Professional" }).click();
  await arrive(page, /^\/plan\/change/);
  await page.getByRole("button", { name: "Confirm" }).click();
  await arrive(page, "/plan?done=change_applied");
  const number = await openInvoice(page, /Upgrade/);
  expect(staff("invoice", "void", "--number", number, "--reason", "asked for by mistake")).toBe(`${number} is void`);
  await page.reload();
  await expect(page.getByText("This invoice was voided: nothing is owed on it.")).toBeVisible();
  // Who was sent the invoice has had the upgrade since.
  await expect(page.getByText("your plan stayed as it was")).toHaveCount(0);
  await expect(payButton(page)).toHaveCount(0);
  await inspect(page, "invoice-void");
  await open(page, "/invoices");
  await expect(page.getByRole("row", { name: number })).toContainText("Void");
  await inspect(page, "invoices-void");
});

test("an invoice that is written off says so, and may still be paid", async ({ signUp }) => {
  const [page] = await signUp("Gone Quiet", "/pricing");
  await buy(page, "Starter");
  await pay(page);
  const customer = await named(page);
  staff("customer", "terms", "--customer", customer, "--net-days", "30");
  const item = ["--description", "Audit of two contracts", "--price", "600.00", "--quantity", "2"];
  staff("invoice", "one-off", "--customer", customer, ...item, "--at-once");
  const number = await openInvoice(page, /One-off/);
  expect(staff("invoice", "write-off", "--number", number, "--reason", "nobody answers")).toBe(`${number} is written off`);
  await page.reload();
  await expect(page.getByText("Nobody asks for this invoice any more. It can still be paid.")).toBeVisible();
  await inspect(page, "invoice-written-off");
  await open(page, "/overview");
  await expect(page.locator(".alert"), "nothing is owed").toHaveCount(0);

  await openInvoice(page, /One-off/);
  await page.getByRole("button", { name: "Pay $1,296.00" }).click();
  await arrive(page, /^\/sandbox\/checkout\//);
  await pay(page);
  await openInvoice(page, /One-off/);
  await expect(page.getByText("Paid", { exact: true }).first()).toBeVisible();
  await expect(page.getByText("Nobody asks for this invoice")).toHaveCount(0);
});

test("a one-off item is billed at once, or waits in the next bill until it is removed", async ({ signUp }) => {
  const [page] = await signUp("Once Only", "/pricing");
  await buy(page, "Starter");
  await pay(page);
  const customer = await named(page);
  const once = (description: string, price: string, ...more: string[]) =>
    staff("invoice", "one-off", "--customer", customer, "--description", description, "--price", price, ...more);
  once("Migration of a chain", "450.00", "--at-once");
  await expect(async () => {
    await openInvoice(page, /One-off/);
    await expect(panel(page, "Payments").getByRole("row", { name: /Succeeded/ })).toContainText("$486.00", { timeout: 500 });
  }).toPass();
  const { lines } = await bill(panel(page, "Lines").getByRole("table"));
  expect(lines.map(({ what, cents }) => [what, dollars(cents)])).toEqual([["Migration of a chain", "$450.00"]]);
  expect(lines[0].period, "a day, not a span").toMatch(/^\w+ \d+, \d{4}$/);
  await inspect(page, "invoice-one-off");

  once("Workshop", "120.00", "--quantity", "2");
  once("Second thoughts", "10.00");
  const [, unwanted] = staff("invoice", "waiting", "--customer", customer).split("\n").map((line) => line.split(":")[0]);
  staff("invoice", "remove-one-off", "--customer", customer, "--item", unwanted);
  await open(page, "/overview");
  const next = await bill(panel(page, "Next bill").getByRole("table"));
  const expected = [
    ["Starter, one month", "$199.00"],
    ["Workshop", "$240.00"],
  ];
  expect(next.lines.map(({ what, cents }) => [what, dollars(cents)])).toEqual(expected);
  expect(next.lines[1].period, "a day, not a span").toMatch(/^\w+ \d+, \d{4}$/);
  await inspect(page, "overview-one-off");
  await open(page, "/invoices");
  await expect(page.getByRole("row", { name: /Upcoming/ })).toContainText("$474.12");
});

test("usage that came late is billed for its own month and explains itself", async ({ pageOf }) => {
  const page = await pageOf(TOM);
  const subject = await named(page);
  const late = panel(page, "Next bill").locator("tr").filter({ hasText: "reported late" });
  await expect(late).toHaveCount(0);
  // In a month that was billed, whatever day of it today is.
  const time = new Date(Date.now() - 32 * DAY).toISOString();
  await report([{ id: "late-1", type: "deployments", subject, time, data: { value: "140" } }]);
  await open(page, "/overview");
  await expect(late).toHaveCount(1);
  const foretold = await late.getByRole("cell").last().innerText();
  await inspect(page, "overview-late-usage");

  await open(page, "/plan/cancel");
  await inspect(page, "plan-cancel-late-usage");
  await open(page, "/plan/cancel");
  await page.getByRole("button", { name: "End it now" }).click();
  await arrive(page, "/overview?done=canceled");
  await openInvoice(page, /Last usage/);
  const row = panel(page, "Lines").locator("tbody tr").filter({ hasText: "reported late" });
  await expect(row.getByRole("cell").last()).toHaveText(foretold);
  await row.getByText("How this was calculated").click();
  const explanation = row.locator("details");
  await expect(explanation).toContainText(/When the period was billed, \d+ was known\./);
  await expect(explanation).toContainText(`${foretold} is due.`);
  await inspectExplained(page, "invoice-late-usage-explained");
  await inspect(page, "invoice-late-usage");
});

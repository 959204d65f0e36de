// The product's main line, told once from a price list to a renewal, by everyone who takes part in it: the
// customer, the host platform and the operator. It moves the clock, so it comes after those that do not.
import { type Bill, bill, cents, dollars, prorated } from "./support/bill";
import { buy, pay } from "./support/checkout";
import { ADA, ADMIN, type Customer, expect, fillSignUp, newCustomer, type Page, signIn, test } from "./support/fixtures";
import { report } from "./support/host";
import { arrive, open, panel } from "./support/page";

test.describe.configure({ mode: "serial" });

let customer: Customer;
/** The customer as the host platform names it. */
let subject: string;
let success: string;
let mrrBefore: bigint;
let nextBill: Bill;

const onScreen = (page: Page, label: string) =>
  page.locator("dl > div").filter({ has: page.getByText(label, { exact: true }) }).locator("dd").first();

async function mrr(page: Page): Promise<bigint> {
  await open(page, "/admin");
  return cents(await onScreen(page, "MRR").innerText());
}

test("a visitor compares plans, signs up and buys Starter", async ({ page, pageOf }) => {
  mrrBefore = await mrr(await pageOf(ADMIN));
  customer = newCustomer("Slice Industries");

  await open(page, "/pricing");
  const starter = page.locator("#starter");
  await expect(starter).toContainText("$199 per month");
  await page.getByRole("link", { name: /^Yearly/ }).click();
  await arrive(page, "/pricing?interval=year");
  await expect(starter).toContainText("$1,990 per year");
  await expect(starter).toContainText("Saves $398 a year");
  await page.getByRole("link", { name: "Monthly" }).click();
  await arrive(page, "/pricing?interval=month");

  await starter.getByRole("link", { name: "Buy Starter" }).click();
  await arrive(page, /^\/sign-up/);
  await expect(page.getByText("time zone UTC.")).toBeVisible();
  await fillSignUp(page, customer);
  await arrive(page, "/pricing?interval=month&plan=starter");

  await buy(page, "Starter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Pay with a test card");
  const summary = panel(page, "What this is for");
  await expect(summary).toContainText("$199.00");
  await expect(summary.getByRole("row", { name: "Total" })).toContainText("$214.92");
  await pay(page);
  success = new URL(page.url()).pathname + new URL(page.url()).search;
});

test("the return page stays right however often and by whomever it is opened", async ({ guard, pageOf }) => {
  const page = await pageOf();
  await open(page, "/sign-in");
  await signIn(page, customer.email);
  const paid = async () => {
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Payment received");
    await expect(page.locator("dl")).toContainText("Starter");
    await expect(page.locator("dl")).toContainText("$214.92");
    await expect(page.locator("dl")).toContainText("Visa •••• 4242");
  };
  await open(page, success);
  await paid();
  await page.reload();
  await paid();

  guard.foresee(404, /^\/checkout\/success/);
  const stranger = await pageOf(ADA);
  const unknown = ["/checkout/success", "/checkout/success?session_id=", "/checkout/success?session_id=%27%22%3Cx"];
  for (const address of [success, ...unknown, `${success}x`]) {
    const answer = await open(stranger, address);
    expect(answer.status(), address).toBe(404);
    await expect(stranger.getByRole("heading", { level: 1 })).toHaveText("There is nothing here");
  }

  await open(page, "/checkout/cancel");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nothing was charged");
  await page.getByRole("link", { name: "To the overview" }).click();
  await arrive(page, "/overview");
});

test("the overview says what there is, what is used and what comes next", async ({ pageOf }) => {
  const page = await pageOf(customer.email);
  await open(page, "/overview");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Starter, $199 per month");
  await expect(page.getByText("Active", { exact: true })).toBeVisible();
  const usage = panel(page, "Usage");
  await expect(usage).toContainText("0 of 100\u00a0deployments · 0%");
  await expect(usage).toContainText("0 of 100,000\u00a0requests · 0%");
  await expect(usage).toContainText("0 of 1\u00a0chain · 0%");
  const next = panel(page, "Next bill");
  const { lines, tax, total } = await bill(next.getByRole("table"));
  expect(lines.map(({ what, cents }) => [what, dollars(cents)])).toEqual([["Starter, one month", "$199.00"]]);
  expect([dollars(tax), dollars(total)]).toEqual(["$15.92", "$214.92"]);
  await expect(next).toContainText("Visa •••• 4242");
  await expect(panel(page, "Last invoices").getByRole("row", { name: /Purchase/ })).toContainText("Paid");
  subject = await usage.locator("code").innerText();
  expect(subject).toMatch(/^cus_[0-9a-f]{32}$/);
});

test("usage that the host reports shows at once, and once", async ({ pageOf }) => {
  const page = await pageOf(customer.email);
  const events = [
    { id: "chain-1", type: "chain_deployments", subject, data: { value: "1" } },
    { id: "deployments-1", type: "deployments", subject, data: { value: "83" } },
    { id: "requests-1", type: "api_requests", subject, data: { value: "12345" } },
  ];
  expect(await report(events)).toEqual({ accepted: 3, duplicates: 0 });
  expect(await report(events)).toEqual({ accepted: 0, duplicates: 3 });
  await open(page, "/overview");
  const usage = panel(page, "Usage");
  await expect(usage).toContainText("1 of 1\u00a0chain · 100%");
  await expect(usage).toContainText("83 of 100\u00a0deployments · 83%");
  await expect(usage).toContainText("12,345 of 100,000\u00a0requests · 12%");
});

test("an upgrade charges to the cent what its preview showed", async ({ pageOf }) => {
  const page = await pageOf(customer.email);
  await open(page, "/plan");
  await page.getByRole("link", { name: "Choose Professional" }).click();
  await arrive(page, /^\/plan\/change/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Starter to Professional");
  const due = panel(page, "Due now");
  const previewed = await bill(due.getByRole("table"));
  expect(previewed.lines.map((line) => line.what)).toEqual(["Unused time on Starter", "Remaining time on Professional"]);
  const following = await bill(panel(page, "Next bill").getByRole("table"));
  expect(dollars(following.total)).toBe("$1,078.92");
  await expect(due).toContainText("Visa •••• 4242 is charged now.");
  await due.getByRole("button", { name: `Confirm and pay ${dollars(previewed.total)}` }).click();

  await arrive(page, "/plan?done=change_applied");
  await expect(page.getByRole("status").filter({ hasText: "Your plan has changed." })).toBeVisible();
  await page.getByRole("link", { name: "Invoices", exact: true }).click();
  await arrive(page, "/invoices");
  const upgrade = page.getByRole("row", { name: /Upgrade/ });
  await expect(upgrade).toContainText(dollars(previewed.total));
  await expect(upgrade).toContainText("Paid");
  await expect(page.getByRole("row", { name: /Upcoming/ })).toContainText("$1,078.92");

  await upgrade.getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  const charged = await bill(panel(page, "Lines").getByRole("table"));
  expect(charged).toEqual(previewed);
  await expect(panel(page, "Payments").getByRole("row", { name: /Succeeded/ })).toContainText(dollars(previewed.total));
});

test("each line of the invoice explains itself", async ({ pageOf }) => {
  const page = await pageOf(customer.email);
  await open(page, "/invoices");
  await page.getByRole("row", { name: /Upgrade/ }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  const { lines } = await bill(panel(page, "Lines").getByRole("table"));
  for (const [index, line] of lines.entries()) {
    const row = panel(page, "Lines").locator("tbody tr").nth(index);
    await row.getByText("How this was calculated").click();
    const formula = row.locator("details p").last();
    await expect(formula).toBeVisible();
    expect(dollars(prorated(await formula.innerText())), line.what).toBe(dollars(line.cents));
    await expect(row.locator("details")).toContainText("counted by the second");
  }
});

test("the operator sees the revenue move at once, as figures and as a chart", async ({ pageOf }) => {
  const page = await pageOf(ADMIN);
  expect(dollars((await mrr(page)) - mrrBefore)).toBe("$999.00");
  const moved = panel(page, "Last movements").locator("tbody tr").filter({ hasText: customer.company });
  await expect(moved.filter({ hasText: "Expansion" }).first()).toContainText("+$800.00");
  await expect(moved.filter({ hasText: "New" }).first()).toContainText("+$199.00");

  const html = await (await page.request.get("/admin")).text();
  expect(html.match(/<figure[\s\S]*<svg[\s\S]*<\/figure>/), "the chart stands in the HTML").not.toBeNull();
  const chart = panel(page, "MRR by month").locator("figure");
  await expect(chart.locator("figcaption")).toContainText("MRR rose");
  await expect(chart.locator("script, style")).toHaveCount(0);
  await chart.scrollIntoViewIfNeeded();
  // The live chart puts a stage of its own in the place of the server's two drawings.
  await expect(chart.locator("[aria-hidden] svg[class*='@xl']")).toHaveCount(0);
  const drawing = chart.locator("[aria-hidden] div > svg");
  await expect(drawing).toHaveCount(1);
  await drawing.hover({ position: { x: 600, y: 60 } });
  await expect(drawing.getByText(/^\$[\d,]+\.\d\d$/).first()).toBeVisible();
  await chart.getByText("Figures as a table").click();
  await expect(chart.getByRole("table").locator("tbody tr")).toHaveCount(12);
});

test("usage beyond the plan is part of the next bill before it is billed", async ({ pageOf }) => {
  const page = await pageOf(customer.email);
  await report([{ id: "deployments-2", type: "deployments", subject, data: { value: "429" } }]);
  await open(page, "/overview");
  await expect(panel(page, "Usage")).toContainText("512 of 500\u00a0deployments · 102%");
  await expect(panel(page, "Usage")).toContainText("12\u00a0deployments beyond what is included, $1.00 per deployment");
  nextBill = await bill(panel(page, "Next bill").getByRole("table"));
  expect(nextBill.lines.map(({ what, cents }) => [what, dollars(cents)])).toEqual([
    ["Deployments beyond the included 500", "$12.00"],
    ["Professional, one month", "$999.00"],
  ]);
  expect(dollars(nextBill.total)).toBe("$1,091.88");
});

test("a month passes: the billing run issues and collects the renewal", async ({ pageOf }) => {
  test.setTimeout(120_000);
  const page = await pageOf(ADMIN);
  await open(page, "/admin/system");
  await expect(page.getByText("The same as real time")).toBeVisible();
  await page.getByRole("button", { name: "Plus one month" }).click();
  await expect(page.getByText(/^Ahead of real time by \d+\sdays/)).toBeVisible({ timeout: 90_000 });
  await expect(page.getByRole("button", { name: "Plus one month" })).toBeVisible({ timeout: 90_000 });
  await expect(page.getByText("The clock stopped short")).toHaveCount(0);
});

test("the customer finds the renewal as it was foretold, paid", async ({ pageOf }) => {
  const page = await pageOf(customer.email);
  await open(page, "/invoices");
  await expect(page.getByText("The test clock stands at")).toBeVisible();
  const renewal = page.getByRole("row", { name: /Renewal Paid/ });
  await expect(renewal).toHaveCount(1);
  await renewal.getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  expect(await bill(panel(page, "Lines").getByRole("table"))).toEqual(nextBill);
  const overage = panel(page, "Lines").locator("tbody tr").filter({ hasText: "Deployments beyond" });
  await overage.getByText("How this was calculated").click();
  await expect(overage.locator("details")).toContainText("Used: 512 (sum of all events)");
  await expect(overage.locator("details")).toContainText("Included: 500. Beyond that: 12.");
  await expect(overage.locator("details")).toContainText("12 × $1.00 = $12.00.");
  await expect(panel(page, "Payments").getByRole("row", { name: /Succeeded/ })).toContainText("$1,091.88");

  await open(page, "/overview");
  await expect(panel(page, "Usage")).toContainText("0 of 500\u00a0deployments · 0%");
  await expect(panel(page, "Usage")).toContainText("1 of 5\u00a0chains · 20%");
});

test("the operator sees it too, and the books tie", async ({ pageOf }) => {
  const page = await pageOf(ADMIN);
  await open(page, "/admin/mail");
  await expect(page.getByText(`To ${customer.email}`).first()).toBeVisible();
  await open(page, "/admin");
  const movements = panel(page, /^Movements in /);
  await movements.getByText("Figures as a table").click();
  const month = movements.locator("tbody tr");
  const amounts = await month.locator("td").allInnerTexts();
  const [start, ...rest] = amounts.map((amount) => cents(amount.replace("+", "")));
  const now = rest.pop();
  rest.pop();
  expect(dollars(rest.reduce((sum, movement) => sum + movement, start))).toBe(dollars(now ?? 0n));
  expect(dollars(cents(await onScreen(page, "MRR").innerText()))).toBe(dollars(now ?? 0n));
  await open(page, "/admin/system");
  await page.getByRole("button", { name: "Check the books" }).click();
  await arrive(page, "/admin/system?verify=1");
  await expect(page.getByText("The books tie", { exact: true })).toBeVisible();
});

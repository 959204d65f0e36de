// What customers and operators see of usage, against what stands in the database.
import { buy, pay } from "./support/checkout";
import { ADA, ADMIN, expect, LIN, NORA, type Page, test, VIEWER } from "./support/fixtures";
import { report } from "./support/host";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";
import { sql } from "./support/sql";

test.beforeEach(() => test.setTimeout(120_000));

const UNLIMITED = "uma@atlas.example";
const grouped = (amount: string) => Number(amount).toLocaleString("en-US");
const plain = (text: string) => text.replace(/[,\u00a0]/g, "");

/** The id of a member's customer. */
function customerOf(email: string): string {
  const [[id]] = sql(`SELECT 'cus_' || replace(customer_id::text, '-', '') FROM member WHERE email = '${email}'`);
  return id;
}

/** What the present period counted of a meter. */
function used(email: string, meter: string): string {
  const [[used]] = sql(
    `SELECT trim_scale(coalesce(sum(c.used), 0)) FROM member JOIN subscription s USING (customer_id)
     JOIN usage_counter c ON c.customer_id = s.customer_id AND c.period_start = s.usage_start
     JOIN meter m ON m.id = c.meter_id AND m.key = '${meter}'
     WHERE member.email = '${email}' AND s.status <> 'canceled' AND s.standalone_plan_id IS NULL`,
  );
  return used;
}

/** The rows of a chart's table, without its head. */
async function days(page: Page, meter: string): Promise<string[][]> {
  const figure = panel(page, meter).locator("figure");
  const table = figure.locator("details");
  if ((await table.getAttribute("open")) === null) await table.locator("summary").click();
  await expect(table.getByRole("table")).toBeVisible();
  return table.locator("tbody tr").evaluateAll((rows) =>
    rows.map((row) => [...row.querySelectorAll("th, td")].map((cell) => cell.textContent ?? "")),
  );
}

const events = (page: Page) => panel(page, "Events").locator("tbody tr");

test("bars, days and break-down come to what was used", async ({ pageOf }) => {
  const page = await pageOf(ADA);
  await open(page, "/overview");
  await panel(page, "Usage").getByRole("link", { name: "API requests" }).click();
  await arrive(page, "/usage");
  await expect(page.locator("#meter-api_requests")).toBeInViewport();
  const total = used(ADA, "api_requests");
  expect(Number(total)).toBeGreaterThan(0);
  const bars = page.getByRole("list").filter({ has: page.locator("progress") }).first();
  await expect(bars).toContainText(`${grouped(total)} of `);
  const requests = panel(page, "API requests");
  await expect(requests.locator("figcaption")).toContainText(`${grouped(total)}\u00a0requests so far`);
  await expect(requests.locator("figcaption")).toContainText(/At this pace it is about [\d,]+\u00a0requests by /);
  const rows = await days(page, "API requests");
  const sum = rows.map(([, value]) => Number(plain(value))).reduce((sum, value) => sum + value, 0);
  // The newest day stands first, and holds all up to it.
  expect(rows[0][2]).toBe(grouped(String(sum)));
  // The hour in which the period began belongs to it as a whole.
  const [[before]] = sql(
    `SELECT coalesce(sum(value), 0) FROM usage_event e JOIN meter m ON m.id = e.meter_id AND m.key = 'api_requests'
     JOIN subscription s ON s.customer_id = e.customer_id AND s.status <> 'canceled' AND s.standalone_plan_id IS NULL
     JOIN member ON member.customer_id = s.customer_id AND member.email = '${ADA}'
     WHERE e.occurred_at >= date_trunc('hour', s.usage_start) AND e.occurred_at < s.usage_start`,
  );
  expect(sum).toBe(Number(total) + Number(before));
  const endpoints = requests.getByRole("table", { name: "API requests: By endpoint" });
  const parts = await endpoints.locator("tbody tr td:last-child").allInnerTexts();
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.map((part) => Number(plain(part))).reduce((sum, part) => sum + part, 0)).toBeGreaterThanOrEqual(sum);
  await expect(endpoints).toContainText("/v1/blocks");
});

test("what is reported is seen at once", async ({ signUp }) => {
  const [page, customer] = await signUp("Quick Look", "/pricing");
  await open(page, "/usage");
  await expect(page.getByText("No plan yet")).toBeVisible();
  await inspect(page, "usage-no-plan");
  await open(page, "/pricing");
  await buy(page, "Starter");
  await pay(page);
  await open(page, "/usage");
  const subject = customerOf(customer.email);
  await expect(page.getByText("Nothing was reported yet")).toBeVisible();
  await expect(page.getByText(subject)).toBeVisible();
  await inspect(page, "usage-empty");
  const event = (id: string, type: string, value: string) => ({ id, type, subject, data: { value } });
  await report([event("first", "api_requests", "1234"), event("up", "storage_gb", "25"), event("chain", "chain_deployments", "1")]);
  await open(page, "/usage");
  await expect(page.locator("main")).toContainText("1,234 of 100,000\u00a0requests");
  await expect(page.locator("main")).toContainText("the plan's limit is reached: more is refused until some is given back.");
  await expect(page.getByRole("progressbar", { name: /^Chains: / })).toHaveAttribute("value", "100");
  await expect(page.locator("main").getByRole("link", { name: "Change plan" })).toHaveAttribute("href", "/plan");
  expect((await days(page, "API requests"))[0].slice(1)).toEqual(["1,234", "1,234"]);
  expect((await days(page, "Storage"))[0][1]).toBe("25");
  await expect(events(page)).toHaveCount(3);
  await expect(panel(page, "Deployments")).toContainText("Nothing was used in this period.");
  await inspect(page, "usage-first-day");

  // Beyond what is included, by what the next bill asks for it.
  await report([event("more", "api_requests", "103766")]);
  await open(page, "/usage");
  await expect(page.locator("main")).toContainText("5,000\u00a0requests beyond what is included");
  await expect(page.locator("main")).toContainText("; $2.50 so far");
  await inspect(page, "usage-beyond");
});

test("events are found by meter, day and id, and pages go on", async ({ pageOf }) => {
  const page = await pageOf(ADA);
  await open(page, "/usage");
  await expect(events(page)).toHaveCount(50);
  const first = await events(page).locator("code").first().innerText();
  await panel(page, "Events").getByRole("link", { name: "Older" }).click();
  await arrive(page, /before=/);
  await expect(events(page)).toHaveCount(50);
  await expect(events(page).locator("code").first()).not.toHaveText(first);
  await panel(page, "Events").getByRole("link", { name: "Newest" }).click();
  await arrive(page, "/usage");
  await expect(events(page).locator("code").first()).toHaveText(first);

  // By keyboard alone.
  const form = panel(page, "Events");
  await form.getByLabel("Meter").selectOption("Storage");
  await form.getByLabel("Event id").focus();
  await page.keyboard.press("Enter");
  await arrive(page, /meter=storage_gb/);
  const meters = await events(page).locator("td:nth-child(2)").allInnerTexts();
  expect(new Set(meters)).toEqual(new Set(["Storage"]));
  await expect(form.getByLabel("Meter")).toHaveValue("storage_gb");

  await form.getByLabel("Event id").fill(first);
  await form.getByRole("button", { name: "Show" }).click();
  await arrive(page, /id=/);
  await expect(events(page)).toHaveCount(1);
  await expect(events(page)).toContainText(first);
  await form.getByLabel("Event id").fill("nothing of this name");
  await form.getByRole("button", { name: "Show" }).click();
  await arrive(page, /id=nothing/);
  await expect(form).toContainText("No event with this id was reported.");
  await inspect(page, "usage-no-event");
  await form.getByRole("link", { name: "Show all" }).click();
  await arrive(page, "/usage");
  await expect(events(page)).toHaveCount(50);
});

test("earlier periods are shown as they were billed", async ({ pageOf }) => {
  const page = await pageOf(ADA);
  await open(page, "/usage");
  const present = await page.locator("main h1 + p").innerText();
  expect(present).toMatch(/, \d+ days? left$/);
  await page.getByRole("navigation", { name: "Usage periods" }).getByRole("link", { name: /^Show / }).first().click();
  await arrive(page, /\?period=/);
  await expect(page.locator("main h1 + p")).not.toHaveText(present);
  await expect(panel(page, "API requests").locator("figcaption")).toContainText("requests in all");
  // Its events, at first.
  await expect(panel(page, "Events").getByLabel("From")).not.toHaveValue("");
  await inspect(page, "usage-earlier");
  await page.getByText("Periods", { exact: true }).click();
  await page.getByRole("navigation", { name: "Usage periods" }).getByRole("listitem").last().getByRole("link").click();
  await arrive(page, /\?period=/);
});

test("days and events are taken along as files", async ({ pageOf }) => {
  const page = await pageOf(ADA);
  await open(page, "/usage");
  const link = page.getByRole("link", { name: "Days as CSV" });
  const file = await page.request.get((await link.getAttribute("href")) ?? "");
  expect(file.headers()["content-disposition"]).toBe('attachment; filename="usage-days.csv"');
  const [head, ...rows] = (await file.text()).trim().split("\r\n");
  expect(head).toBe("day,meter,unit,measure,value,so_far");
  const requests = rows.filter((row) => row.includes('"api_requests"')).map((row) => row.split(","));
  const shown = await days(page, "API requests");
  expect(requests.map((row) => grouped(row[4])).reverse()).toEqual(shown.map(([, value]) => value));

  await open(page, "/usage?meter=storage_gb");
  const events_ = await page.getByRole("link", { name: "Events as CSV" }).getAttribute("href");
  const found = await (await page.request.get(events_ ?? "")).text();
  const [columns, ...lines] = found.trim().split("\r\n");
  expect(columns).toBe("event_id,meters,value,occurred_at,received_at,source,reversed_by,data");
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line).toContain('"storage_gb"');
});

test("nobody sees the usage of others", async ({ guard, page, pageOf }) => {
  guard.foresee(404, /^\/usage\?period=/);
  guard.foresee(403, /^\/admin\/usage/);
  guard.foresee(422, /^\/usage\?/);
  const ada = await pageOf(ADA);
  await open(ada, "/usage");
  const hers = await events(ada).locator("code").first().innerText();
  await ada.getByRole("navigation", { name: "Usage periods" }).getByRole("link", { name: /^Show / }).first().click();
  await arrive(ada, /\?period=/);
  const period = new URL(ada.url()).searchParams.get("period") ?? "";

  const nora = await pageOf(NORA);
  await open(nora, `/usage?id=${encodeURIComponent(hers)}`);
  await expect(panel(nora, "Events")).toContainText("No event with this id was reported.");
  const foreign = await open(nora, `/usage?period=${encodeURIComponent(period)}`);
  expect(foreign.status()).toBe(404);
  const customer = customerOf(ADA);
  for (const path of ["/admin/usage", `/admin/usage/${customer}`]) {
    expect((await open(nora, path)).status(), path).toBe(403);
  }
  expect((await nora.request.get("/admin/usage/customers.csv")).status()).toBe(403);
  for (const query of ["period=may", "from=2026-02-30", "meter=nothing"]) {
    expect((await open(nora, `/usage?${query}`)).status(), query).toBe(422);
  }
  for (const [file, of] of [["/usage/days.csv", "/usage"], ["/usage/events.csv", "/usage"], ["/admin/usage/customers.csv", "/admin/usage"]]) {
    const sentAway = await page.request.get(file, { maxRedirects: 0 });
    expect([sentAway.status(), sentAway.headers().location], file).toEqual([303, `/sign-in?next=${of}`]);
  }
});

test("everything is there without scripts", async ({ pageOf }) => {
  const page = await pageOf(undefined, { javaScriptEnabled: false });
  await open(page, "/sign-in?next=/usage");
  const form = page.locator("form:has(input[type=password])");
  await form.getByLabel("E-mail address").fill(ADA);
  await form.getByLabel("Password").fill("cosmos-demo-2026");
  await form.getByRole("button", { name: "Sign in" }).click();
  await arrive(page, "/usage");
  for (const meter of ["API requests", "Storage", "Chains"]) {
    await expect(panel(page, meter).locator("figure [aria-hidden] svg:visible").first()).toBeVisible();
    await expect(panel(page, meter).locator("figcaption")).not.toBeEmpty();
  }
  expect((await days(page, "API requests")).length).toBeGreaterThan(0);
  const filters = panel(page, "Events");
  await filters.getByLabel("Meter").selectOption("Chains");
  await filters.getByRole("button", { name: "Show" }).click();
  await arrive(page, /meter=chain_deployments/);
  await expect(events(page).first()).toContainText("Chains");
  await page.getByText("Periods", { exact: true }).click();
  await page.getByRole("navigation", { name: "Usage periods" }).getByRole("listitem").nth(1).getByRole("link").click();
  await arrive(page, /\?period=/);
});

test("operators see who uses what, and each customer", async ({ pageOf }) => {
  const page = await pageOf(VIEWER);
  await open(page, "/admin");
  await page.getByRole("link", { name: "Usage", exact: true }).click();
  await arrive(page, "/admin/usage");
  const meters = panel(page, "Meters this month").locator("tbody tr");
  await expect(meters).toHaveCount(4);
  const [[total]] = sql(
    `SELECT trim_scale(sum(sum)) FROM usage_day JOIN meter m ON m.id = meter_id AND m.key = 'api_requests'
     WHERE day >= date_trunc('month', (SELECT max(day) FROM usage_day))`,
  );
  await expect(meters.filter({ hasText: "API requests" })).toContainText(grouped(total));
  await expect(panel(page, "Top movers").locator("tbody tr").first()).toBeVisible();
  const file = await (await page.request.get("/admin/usage/customers.csv")).text();
  const rows = file.trim().split("\r\n").slice(1).filter((row) => row.includes('"api_requests"'));
  const sum = rows.map((row) => Number(row.split(",").at(-2))).reduce((sum, value) => sum + value, 0);
  expect(sum).toBe(Number(total));
  await panel(page, "Most: API requests").getByRole("link").first().click();
  await arrive(page, /^\/admin\/usage\/cus_/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Usage of ");
  // The present period may have begun this minute.
  await page.getByRole("navigation", { name: "Usage periods" }).getByRole("link", { name: /^Show / }).first().click();
  await arrive(page, /^\/admin\/usage\/cus_\w+\?period=/);
  await expect(panel(page, "API requests").locator("figcaption")).not.toBeEmpty();
  await page.getByRole("link", { name: "All customers" }).click();
  await arrive(page, "/admin/usage");
});

const PICTURES = {
  usage: [ADA, "/usage"],
  "usage-unlimited": [UNLIMITED, "/usage"],
  "usage-suspended": [LIN, "/usage"],
  "admin-usage": [ADMIN, "/admin/usage"],
} as const;

for (const [name, [who, path]] of Object.entries(PICTURES)) {
  test(`${name} holds`, async ({ pageOf }) => {
    const page = await pageOf(who);
    await open(page, path);
    await inspect(page, name);
  });
}

test("admin-usage-customer holds", async ({ pageOf }) => {
  const page = await pageOf(ADMIN);
  await open(page, `/admin/usage/${customerOf(ADA)}`);
  await inspect(page, "admin-usage-customer");
});

// The figures of the operators' overview against the movements they are made of, added up here once more.
import { cents, dollars } from "./support/bill";
import { ADMIN, expect, type Page, test, VIEWER } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect, inspectExplained } from "./support/pictures";
import { sql } from "./support/sql";

test.beforeEach(() => test.setTimeout(120_000));

const KINDS = ["new", "expansion", "reactivation", "contraction", "churn"] as const;
type Kind = (typeof KINDS)[number];
type Expected = Record<string, string>;

const sum = (amounts: bigint[]) => amounts.reduce((sum, amount) => sum + amount, 0n);
const signed = (amount: bigint) => (amount > 0n ? `+${dollars(amount)}` : dollars(amount));

/** Half away from zero; both parts positive or zero. */
const divided = (part: bigint, whole: bigint) => (2n * part + whole) / (2n * whole);

/** A part with so many decimals, without zeros at its end. */
function decimal(part: bigint, whole: bigint, places: number): string {
  const digits = divided(part * 10n ** BigInt(places), whole).toString().padStart(places + 1, "0");
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, "");
}

const percent = (part: bigint, whole: bigint) => (whole === 0n ? "n/a" : `${decimal(100n * part, whole, 4)}%`);

/** Each figure of a month, from the movements alone. */
function figures(month: string): Expected {
  const [year, number] = month.split("-").map(Number);
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, "0")}`;
  const before = (end: string) => `occurred_at < timestamptz '${end}-01 00:00:00Z'`;
  const customers = sql(
    `SELECT coalesce(sum(amount_minor) FILTER (WHERE ${before(month)}), 0), sum(amount_minor) FROM revenue_movement
     WHERE currency = 'USD' AND ${before(next)} GROUP BY customer_id`,
  ).map(([start, end]) => ({ start: BigInt(start), end: BigInt(end) }));
  const moved = Object.fromEntries(
    KINDS.map((kind) => {
      const [[amount]] = sql(
        `SELECT coalesce(sum(amount_minor), 0) FROM revenue_movement
         WHERE currency = 'USD' AND kind = '${kind}' AND ${before(next)} AND NOT ${before(month)}`,
      );
      return [kind, BigInt(amount)];
    }),
  ) as Record<Kind, bigint>;
  const cohort = customers.filter(({ start }) => start > 0n);
  const [start, mrr] = [sum(customers.map(({ start }) => start)), sum(customers.map(({ end }) => end))];
  const paying = BigInt(customers.filter(({ end }) => end > 0n).length);
  const kept = sum(cohort.map(({ start, end }) => (end < start ? end : start)));
  const gained = moved.new + moved.expansion + moved.reactivation;
  const lost = -(moved.contraction + moved.churn);
  expect(dollars(start + gained - lost), "start and movements make the end").toBe(dollars(mrr));
  const lifetime = start > kept && paying > 0n;
  return {
    MRR: dollars(mrr),
    "Net new MRR": signed(mrr - start),
    ARR: dollars(12n * mrr),
    "Paying customers": String(paying),
    ARPA: paying === 0n ? "n/a" : dollars(divided(mrr, paying)),
    "Quick ratio": lost === 0n ? "n/a" : decimal(gained, lost, 2),
    NRR: percent(sum(cohort.map(({ end }) => end)), start),
    GRR: percent(kept, start),
    "Revenue churn": percent(start - kept, start),
    "Logo churn": percent(BigInt(cohort.filter(({ end }) => end === 0n).length), BigInt(cohort.length)),
    LTV: lifetime ? dollars(divided(mrr * start, paying * (start - kept))) : "n/a",
  };
}

async function onScreen(page: Page): Promise<Expected> {
  const pairs = await page.locator("section > dl").first().locator(":scope > div").evaluateAll((figures) =>
    figures.map((figure) => [figure.querySelector("dt")?.textContent ?? "", figure.querySelector("dd")?.textContent ?? ""]),
  );
  return Object.fromEntries(pairs);
}

/** `2026-11` of the month a page shows. */
async function shown(page: Page): Promise<string> {
  const words = await page.getByRole("navigation", { name: "Months" }).locator("span").innerText();
  const date = new Date(`${words.replace(", so far", "")} 1 UTC`);
  return date.toISOString().slice(0, 7);
}

test("every figure of every month is what its movements make", async ({ pageOf }) => {
  const page = await pageOf(VIEWER);
  await open(page, "/admin");
  const seen: Expected[] = [];
  for (let back = 0; back < 7; back++) {
    const month = await shown(page);
    const figures_ = await onScreen(page);
    expect(figures_, month).toEqual(figures(month));
    seen.push(figures_);
    const opening = page.url();
    await page.getByRole("navigation", { name: "Months" }).getByRole("link").first().click();
    await page.waitForURL((url) => url.href !== opening);
    await arrive(page, /^\/admin\?month=/);
  }
  expect(seen.some((month) => month.LTV === "n/a"), "a month without losses").toBe(true);
  expect(seen.some((month) => month.LTV !== "n/a"), "a month with losses").toBe(true);
  await page.getByRole("link", { name: "This month" }).click();
  await arrive(page, "/admin");
  expect(await onScreen(page)).toEqual(seen[0]);
});

test("a figure says how it came about and leads to its customers", async ({ pageOf }) => {
  const page = await pageOf(ADMIN);
  await open(page, "/admin");
  const figures_ = await onScreen(page);
  const nrr = page.locator("dl > div").filter({ has: page.getByText("NRR", { exact: true }) });
  await nrr.getByText("Formula").click();
  await expect(nrr).toContainText("(Start + expansion − contraction − churn) ÷ start");
  const numbers = await nrr.locator("details p").nth(1).innerText();
  const amounts = [...numbers.matchAll(/\u2212? ?(?:start |expansion |contraction |churn )?\$[\d,]+\.\d\d/g)];
  expect(amounts.length, numbers).toBe(5);
  expect(numbers).toContain(`= ${figures_.NRR}`);

  await nrr.getByRole("link", { name: "The customers behind it" }).click();
  const rows = page.locator("#customers tbody tr");
  await expect(rows.first(), "the link opens them").toBeVisible();
  const table = await rows.evaluateAll((rows) =>
    rows.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent ?? "")),
  );
  const all = table.map((row) => row.map((cell) => cents(cell.replace("+", ""))));
  for (const [index, [start, ...rest]] of all.entries()) {
    const end = rest.pop() ?? 0n;
    expect(dollars(start + sum(rest)), `row ${index} ties`).toBe(dollars(end));
  }
  const total = all.pop() ?? [];
  for (const [column, amount] of total.entries()) {
    expect(dollars(sum(all.map((row) => row[column]))), `column ${column} adds up`).toBe(dollars(amount));
  }
  expect(dollars(total[total.length - 1])).toBe(figures_.MRR);
});

test("months of the past hold, and what is no month is told", async ({ guard, pageOf }) => {
  const page = await pageOf(ADMIN);
  await open(page, "/admin");
  await page.getByRole("link", { name: /^Show / }).first().click();
  await arrive(page, /^\/admin\?month=/);
  await expect(panel(page, /^Movements in /)).toContainText("MRR at the end of");
  await inspect(page, "admin-month");
  await inspectExplained(page, "admin-month-explained");

  await open(page, "/admin?month=1999-12");
  await expect(panel(page, "Movements in December 1999")).toContainText("Nothing moved MRR in December 1999. It is $0.00.");
  await expect(page.locator("dl").first()).toContainText("n/a");
  await inspect(page, "admin-month-empty");

  guard.foresee(422, /^\/admin\?month=/);
  for (const month of ["2026-13", "november", "", "9999-01", "2026-1", "+2026-01", "2026-01%27"]) {
    const answer = await open(page, `/admin?month=${month}`);
    expect(answer.status(), month).toBe(422);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no such month to show");
  }
  await inspect(page, "admin-month-refused", 422);
});

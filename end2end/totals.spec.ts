// Every total that customers are shown against the ledger, for each customer of the demo data.
import { cents } from "./support/bill";
import { expect, type Page, test } from "./support/fixtures";
import { open, panel } from "./support/page";
import { sql } from "./support/sql";

test.beforeEach(() => test.setTimeout(240_000));

/** So many has the world that tests are given; whoever signs up on the way comes later. */
const CUSTOMERS = 12;

type Documents = Record<string, bigint>;

const amounts = (query: string): Documents =>
  Object.fromEntries(sql(query).map(([name, minor]) => [name, BigInt(minor)]));

/** Of a table's rows that have a link the link's words and the last column. */
async function linked(page: Page, caption: string): Promise<Documents> {
  const rows = page.getByRole("table", { name: caption }).locator("tbody tr:has(a[href])");
  const read = await rows.evaluateAll((rows) =>
    rows.map((row) => {
      const link = row.querySelector("a[href]");
      return [link?.getAttribute("href") ?? "", link?.textContent ?? "", row.querySelector("td:last-child")?.textContent ?? ""];
    }),
  );
  const documents = read.filter(([href]) => href !== "/overview");
  return Object.fromEntries(documents.map(([, name, amount]) => [name, cents(amount)]));
}

/** The amount beside a label: of a table's row, or the figure at the top. */
async function row(page: Page, label: string): Promise<bigint> {
  const heads = panel(page, "Lines").locator("tfoot tr").filter({ has: page.getByRole("rowheader", { name: label, exact: true }) });
  return cents(await heads.locator("td:last-child").innerText());
}

/** What the ledger says of each invoice: what it asked for, what it bears of tax, and what is due or was paid. */
function invoices(customer: string) {
  const of = (account: string, kinds = "true") =>
    `coalesce((SELECT sum(e.amount_minor) FROM ledger_posting p JOIN ledger_entry e ON e.posting_id = p.id
      WHERE p.invoice_id = i.id AND e.account = '${account}' AND ${kinds}), 0)`;
  return sql(
    `SELECT 'inv_' || replace(i.id::text, '-', ''), i.status,
       ${of("receivable", "p.kind = 'invoice_finalized'")},
       CASE i.status WHEN 'open' THEN ${of("receivable")} WHEN 'uncollectible' THEN ${of("bad_debt")}
         WHEN 'paid' THEN ${of("cash")} ELSE ${of("receivable", "p.kind = 'invoice_finalized'")} END
     FROM invoice i WHERE i.customer_id = '${customer}' ORDER BY i.id`,
  ).map(([id, status, total, figure]) => ({ id, status, total: BigInt(total), figure: BigInt(figure) }));
}

test("what customers are shown is what the ledger holds", async ({ pageOf }) => {
  const people = sql(
    `SELECT c.id, (SELECT m.email FROM member m WHERE m.customer_id = c.id ORDER BY m.id LIMIT 1)
     FROM customer c ORDER BY c.id LIMIT ${CUSTOMERS}`,
  );
  expect(people).toHaveLength(CUSTOMERS);
  let seen = 0;
  for (const [customer, email] of people) {
    const page = await pageOf(email, { javaScriptEnabled: false });
    await open(page, "/wallet");
    const balance = await panel(page, "Credit balance").locator(".figure-lg").innerText();
    const [[credit]] = sql(
      `SELECT coalesce(-sum(amount_minor), 0) FROM ledger_entry WHERE customer_id = '${customer}' AND account = 'customer_credit'`,
    );
    expect(cents(balance), `the wallet of ${email}`).toBe(BigInt(credit));

    await open(page, "/invoices");
    const finalized = amounts(
      `SELECT i.series || '-' || lpad(i.number::text, 6, '0'), coalesce(sum(e.amount_minor), 0) FROM invoice i
       LEFT JOIN ledger_posting p ON p.invoice_id = i.id AND p.kind = 'invoice_finalized'
       LEFT JOIN ledger_entry e ON e.posting_id = p.id AND e.account = 'receivable'
       WHERE i.customer_id = '${customer}' GROUP BY i.id`,
    );
    expect(await linked(page, "All invoices, newest first"), `the invoices of ${email}`).toEqual(finalized);

    for (const invoice of invoices(customer)) {
      await open(page, `/invoices/${invoice.id}`);
      expect(await row(page, "Total"), `the total of ${invoice.id}`).toBe(invoice.total);
      const figure = await page.locator("dl .figure-lg").first().innerText();
      expect(cents(figure), `${invoice.id} is ${invoice.status}`).toBe(invoice.figure);
      seen += 1;
    }
    await page.context().close();
  }
  expect(seen, "all that the demo data have").toBeGreaterThan(40);
});

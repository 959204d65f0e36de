// Bills as pages show them, read back into exact numbers.
import { expect, type Locator } from "@playwright/test";

export type Line = { what: string; period: string; cents: bigint };
/** What a coupon takes off, below zero. */
export type Discount = { what: string; cents: bigint };
export type Bill = { lines: Line[]; discounts: Discount[]; tax: bigint; total: bigint };

/** `$1,990.00` or `−$12.50` in cents: digits only, no floats. */
export function cents(text: string): bigint {
  const match = /^(\u2212?)\$([\d,]+)\.(\d\d)$/.exec(text.trim());
  if (!match) throw new Error(`not an amount: ${text}`);
  const amount = BigInt(match[2].replaceAll(",", "") + match[3]);
  return match[1] ? -amount : amount;
}

export function dollars(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${amount < 0n ? "\u2212" : ""}$${whole}.${digits.slice(-2)}`;
}

/** A preview's table or an invoice's: its lines and what is taken off them, then tax and total, which must add up. */
export async function bill(table: Locator): Promise<Bill> {
  const rows = await table.locator("tr").evaluateAll((rows) =>
    rows.flatMap((row) => {
      const head = row.querySelector("th[scope=row]");
      const amount = row.querySelector("td:last-child");
      if (!head || !amount) return [];
      const own = [...head.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
      const what = own.map((node) => node.textContent).join("").trim();
      const period = head.querySelector("span.label-sm")?.textContent?.trim() ?? "";
      return [{ what, period, amount: amount.textContent?.trim() ?? "" }];
    }),
  );
  const lines = rows.filter((row) => row.period !== "");
  const sums = rows.filter((row) => row.period === "");
  const discounts = sums.slice(0, sums.findIndex(({ what }) => /^(Subtotal|Tax)/.test(what)));
  const sum = (name: RegExp) => sums.find((row) => name.test(row.what))?.amount ?? "missing";
  const read = {
    lines: lines.map(({ what, period, amount }) => ({ what, period, cents: cents(amount) })),
    discounts: discounts.map(({ what, amount }) => ({ what, cents: cents(amount) })),
    tax: cents(sum(/^Tax/)),
    total: cents(sum(/^Total$/)),
  };
  const net = [...read.lines, ...read.discounts].reduce((sum, { cents }) => sum + cents, 0n);
  const subtotal = sum(/^Subtotal$/);
  if (subtotal !== "missing") expect(dollars(net), "lines less discounts are the subtotal").toBe(subtotal);
  expect(dollars(net + read.tax), "lines, discounts and tax add up to the total").toBe(dollars(read.total));
  return read;
}

/** The share of an amount that an explanation gives as a formula, computed again. */
export function prorated(sentence: string): bigint {
  const formula = /(\u2212?)(\$[\d,]+\.\d\d) × ([\d,]+)\u00a0s ÷ ([\d,]+)\u00a0s/.exec(sentence);
  if (!formula) throw new Error(`no formula: ${sentence}`);
  const seconds = (text: string) => BigInt(text.replaceAll(",", ""));
  const [basis, part, whole] = [cents(formula[2]), seconds(formula[3]), seconds(formula[4])];
  // Half away from zero.
  const rounded = (2n * basis * part + whole) / (2n * whole);
  return formula[1] ? -rounded : rounded;
}

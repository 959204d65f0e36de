// Credit notes as staff issues them: a part back to the card, then the rest as credit, and what the customer sees.
import { buy, pay } from "./support/checkout";
import { ADMIN, expect, type Page, test, VIEWER } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect, inspectExplained } from "./support/pictures";
import { staff } from "./support/staff";

test.beforeEach(() => test.setTimeout(180_000));

/** The customer's only invoice; gives its number. */
async function openInvoice(page: Page): Promise<string> {
  await open(page, "/invoices");
  await page.getByRole("row", { name: /Purchase/ }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  return (await page.getByRole("heading", { level: 1 }).innerText()).replace("Invoice ", "");
}

async function find(page: Page, number: string): Promise<void> {
  await open(page, "/admin/invoices");
  await page.getByLabel("Invoice number").fill(number.toLowerCase());
  await page.getByRole("button", { name: "Find" }).click();
  await arrive(page, /^\/admin\/invoices\?number=/);
}

test("a part goes back to the card and the rest becomes credit", async ({ guard, pageOf, signUp }) => {
  const [buyer] = await signUp("Given Back", "/pricing");
  await buy(buyer, "Starter");
  await pay(buyer);
  const number = await openInvoice(buyer);

  const page = await pageOf(ADMIN);
  await find(page, number);
  await expect(page.locator("main")).toContainText("Given Back");
  await inspect(page, "admin-invoice");
  const form = panel(page, "Give back");
  await form.getByLabel(/^Give back of /).fill("500.00");
  await form.getByRole("button", { name: "Review the note" }).click();
  await arrive(page, /^\/admin\/invoices\?number=.*error=beyond_what_is_left$/);
  await expect(page.getByText("This is more than is left to give back")).toBeVisible();

  await find(page, number);
  await panel(page, "Give back").getByRole("button", { name: "Review the note" }).click();
  await arrive(page, /error=no_line$/);
  await find(page, number);
  await panel(page, "Give back").getByLabel(/^Give back of /).fill("50.00");
  await panel(page, "Give back").getByLabel("What was paid").selectOption({ label: "Goes back to the card it came from" });
  await panel(page, "Give back").getByRole("button", { name: "Review the note" }).click();
  await arrive(page, /^\/admin\/invoices\/credit\?/);
  await expect(panel(page, "What it does")).toContainText("$54.00");
  await expect(panel(page, "What is given back")).toContainText("$50.00");
  await inspect(page, "admin-credit-note");
  await page.getByLabel("Reason").selectOption({ label: "Not as it should be" });
  await page.getByLabel("Memo, optional").fill("Sorry for the outage of last week");
  await page.getByRole("button", { name: "Issue the credit note" }).click();
  await arrive(page, `/admin/invoices?number=${number}&done=note_issued`);
  await expect(panel(page, "Credit notes")).toContainText("Back to the card: $54.00");
  await expect(panel(page, "Give back").locator("tbody")).toContainText("$149.00");

  await panel(page, "Give back").getByRole("button", { name: "Review giving back all that is left" }).click();
  await arrive(page, /^\/admin\/invoices\/credit\?/);
  await page.getByLabel("Reason").selectOption({ label: "Another reason" });
  await page.getByRole("button", { name: "Issue the credit note" }).click();
  await arrive(page, /done=note_issued$/);
  await expect(panel(page, "Credit notes")).toContainText("Added to credit: $160.92");
  await expect(panel(page, "Give back")).toContainText("Nothing is left of it.");
  await inspect(page, "admin-invoice-credited");

  await buyer.reload();
  const notes = panel(buyer, "Credit notes");
  await expect(notes).toContainText("Sorry for the outage of last week");
  await expect(notes).toContainText("Refunded");
  const payments = panel(buyer, "Payments").getByRole("row", { name: /Refund of CN-/ });
  await expect(payments).toContainText("−$54.00");
  await inspect(buyer, "invoice-credited");
  await inspectExplained(buyer, "invoice-credited-explained");
  await notes.getByRole("link").first().click();
  await arrive(buyer, /^\/credit-notes\/cn_/);
  await expect(panel(buyer, "Refunds")).toContainText("Refunded");
  await inspect(buyer, "credit-note-refunded");
  await open(buyer, "/wallet");
  await expect(buyer.locator("main")).toContainText("$160.92");

  guard.foresee(403, /^\/(fn|admin\/invoices)\//);
  const viewer = await pageOf(VIEWER);
  await open(viewer, `/admin/invoices?number=${number}`);
  await expect(viewer.getByText("Only admins and finance can issue credit notes.")).toBeVisible();
  await expect(viewer.getByRole("button", { name: /Review/ })).toHaveCount(0);
});

test("on the command line a note is shown, issued once, and refused with its reason", async ({ signUp }) => {
  const [buyer] = await signUp("By Command", "/pricing");
  await buy(buyer, "Starter");
  await pay(buyer);
  const number = await openInvoice(buyer);
  const [, line] = /^(il_[0-9a-f]{32}): 199.00 of 199.00 USD left/.exec(staff("invoice", "lines", "--number", number)) ?? [];
  const credit = (...more: string[]) => staff("invoice", "credit", "--invoice", number, "--reason", "order_change", ...more);
  const half = ["--line", line, "--amount", "99.50", "--refund", "--key", "half"];
  expect(credit(...half, "--preview")).toBe("A note would be 107.46 USD\n107.46 USD goes back to the card");
  const issued = credit(...half);
  expect(issued).toMatch(/^CN-\d{6} is 107.46 USD\n107.46 USD goes back to the card$/);
  expect(credit(...half), "the same name is the same note").toBe(issued);
  for (const [wrong, why] of [
    [["--line", line, "--amount", "99.51"], "no more than"],
    [["--line", line, "--amount", "0"], "the amount must be greater than zero"],
    [["--line", line, "--amount", "-5"], "the amount must be greater than zero"],
    [["--line", line, "--amount", "1.005"], "1.005"],
    [["--line", `il_${"0".repeat(32)}`], "the invoice has no such line"],
    [["--line", line, "--line", line], "a line is named twice"],
    [["--rest", "--line", line], "cannot be used with"],
    [[], "--line"],
  ] as const) {
    expect(() => credit(...wrong), why).toThrow(why);
  }
  expect(() => staff("invoice", "credit", "--invoice", number, "--rest", "--reason", "because")).toThrow("one of");
  expect(credit("--rest", "--to-credit", "--memo", "All of it")).toMatch(/^CN-\d{6} is 107.46 USD\n107.46 USD becomes credit$/);
  await buyer.reload();
  await expect(panel(buyer, "Credit notes")).toContainText("All of it");
});

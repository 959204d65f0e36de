// Credit notes as staff issues them: a part back to the card, then the rest as credit, and what the customer sees.
import { buy, pay } from "./support/checkout";
import { ADMIN, expect, type Page, test, VIEWER } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect, inspectExplained } from "./support/pictures";

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
  await panel(page, "Give back").getByLabel("goes back to the card").check();
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

  await panel(page, "Give back").getByLabel("becomes credit").check();
  await panel(page, "Give back").getByRole("button", { name: "Review giving back all that is left" }).click();
  await arrive(page, /^\/admin\/invoices\/credit\?/);
  await page.getByLabel("Reason").selectOption({ label: "Another reason" });
  await page.getByRole("button", { name: "Issue the credit note" }).click();
  await arrive(page, /done=note_issued$/);
  await expect(panel(page, "Credit notes")).toContainText("Added to your credit: $160.92");
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
  await expect(viewer.getByText("Admins and finance give back of invoices.")).toBeVisible();
  await expect(viewer.getByRole("button", { name: /Review/ })).toHaveCount(0);
});

// Everything a customer must be able to do works as plain links and forms.
import { bill, dollars } from "./support/bill";
import { buy, pay } from "./support/checkout";
import { ADA, ADMIN, expect, signIn, test } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";

const PLAIN = { javaScriptEnabled: false };

test("signing in leads to the page that asked for it, and out again", async ({ pageOf }) => {
  const page = await pageOf(undefined, PLAIN);
  await open(page, "/invoices");
  await arrive(page, "/sign-in?next=/invoices");
  await signIn(page, ADA);
  await arrive(page, "/invoices");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Invoices");
  await page.getByRole("button", { name: "Sign out" }).click();
  await arrive(page, "/sign-in?done=signed_out");
  await expect(page.getByText("You are signed out.")).toBeVisible();
});

test("a wrong password is said beside the field, without losing the way", async ({ pageOf }) => {
  const page = await pageOf(undefined, PLAIN);
  await open(page, "/sign-in?next=/plan");
  const form = page.locator("form:has(input[type=password])");
  await form.getByLabel("E-mail address").fill(ADA);
  await form.getByLabel("Password").fill("not the password");
  await form.getByRole("button", { name: "Sign in" }).click();
  await arrive(page, "/sign-in?next=/plan&error=wrong_credentials");
  await expect(form).toContainText("The e-mail address or the password is wrong");
  await expect(form.getByLabel("E-mail address")).toHaveValue(ADA);
  await expect(form.getByLabel("Password")).toHaveValue("");
  await signIn(page, ADA);
  await arrive(page, "/plan");
});

test("a plan is bought, changed, canceled and kept", async ({ signUp }) => {
  test.setTimeout(60_000);
  const [page] = await signUp("Plain Forms", "/pricing", PLAIN);
  await buy(page, "Starter");
  await pay(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Payment received");

  await open(page, "/plan");
  await page.getByRole("link", { name: "Choose Professional" }).click();
  await arrive(page, /^\/plan\/change/);
  const previewed = await bill(panel(page, "Due now").getByRole("table"));
  await page.getByRole("button", { name: `Confirm and pay ${dollars(previewed.total)}` }).click();
  await arrive(page, "/plan?done=change_applied");
  await expect(page.getByText("Your plan has changed.")).toBeVisible();
  await expect(page.locator("#professional")).toContainText("Current plan");
  await open(page, "/invoices");
  await page.getByRole("row", { name: /Upgrade/ }).getByRole("link").click();
  expect(await bill(panel(page, "Lines").getByRole("table"))).toEqual(previewed);

  await open(page, "/plan");
  await page.getByRole("link", { name: "Choose Starter" }).click();
  await arrive(page, /^\/plan\/change/);
  await expect(panel(page, "Due now")).toContainText("Nothing is due now.");
  await page.getByRole("button", { name: "Schedule the change" }).click();
  await arrive(page, "/plan?done=change_scheduled");
  await expect(page.getByText(/^Starter begins on /)).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await arrive(page, "/plan?done=change_undone");
  await expect(page.getByText(/^Starter begins on /)).toHaveCount(0);

  await page.getByRole("link", { name: "Cancel subscription" }).click();
  await arrive(page, "/plan/cancel");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Cancel Professional?");
  await page.getByRole("button", { name: "Cancel subscription" }).click();
  await arrive(page, "/plan?done=cancel_scheduled");
  await expect(page.getByText(/^Professional ends on /)).toBeVisible();
  await page.getByRole("button", { name: "Keep plan" }).click();
  await arrive(page, "/plan?done=cancel_undone");
  await expect(page.getByText(/^Professional ends on /)).toHaveCount(0);
});

test("the theme is chosen and remembered", async ({ pageOf }) => {
  const page = await pageOf(undefined, PLAIN);
  await open(page, "/pricing");
  await expect(page.locator("html")).not.toHaveAttribute("data-theme");
  await page.getByRole("button", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "cosmos-dark");
  await open(page, "/sign-up");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "cosmos-dark");
});

test("the operator's chart is drawn by the server", async ({ pageOf }) => {
  const page = await pageOf(undefined, PLAIN);
  await open(page, "/sign-in");
  await signIn(page, ADMIN);
  await arrive(page, "/admin");
  await expect(page.locator("figure [aria-hidden] svg:visible").first()).toBeVisible();
  await expect(page.locator("figure figcaption")).toContainText("MRR");
});

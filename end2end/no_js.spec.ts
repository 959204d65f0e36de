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
  for (const title of ["MRR by month", /^Movements in /]) {
    const figure = panel(page, title).locator("figure");
    await expect(figure.locator("[aria-hidden] svg:visible").first()).toBeVisible();
    await expect(figure.locator("figcaption")).toContainText("MRR");
  }
});

test("an add-on is bought, billed, taken off and kept", async ({ guard, signUp }) => {
  test.setTimeout(60_000);
  guard.foresee(409, /^\/plan\/add-on/);
  const [page] = await signUp("Plain Add-ons", "/pricing", PLAIN);
  await buy(page, "Starter");
  await pay(page);
  const set = async (quantity: string) => {
    await open(page, "/plan");
    await page.getByLabel("How many of Extra chain").fill(quantity);
    await page.getByRole("button", { name: "Preview Extra chain" }).click();
    await arrive(page, /^\/plan\/add-on/);
  };
  await set("2");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Extra chain: 0 to 2");
  const previewed = await bill(panel(page, "Due now").getByRole("table"));
  expect(previewed.lines.map((line) => line.what)).toEqual(["Remaining time on Extra chain"]);
  // 199.00 and twice 99.00, each with 8 % tax.
  const following = await bill(panel(page, "Next bill").getByRole("table"));
  expect(following.lines.map((line) => line.what)).toEqual(["Starter, one month", "Extra chain, one month"]);
  expect(dollars(following.total)).toBe("$428.76");
  await page.getByRole("button", { name: `Confirm and pay ${dollars(previewed.total)}` }).click();
  await arrive(page, "/plan?done=add_on_applied");
  await expect(page.getByText("Your add-ons have changed.")).toBeVisible();
  await expect(panel(page, "Add-ons")).toContainText("You have 2.");
  await expect(panel(page, "What you have").getByRole("row", { name: /^Chains/ })).toContainText("3\u00a0chains");
  await open(page, "/invoices");
  await page.getByRole("row", { name: /Upgrade/ }).getByRole("link").click();
  await arrive(page, /^\/invoices\/inv_/);
  expect(await bill(panel(page, "Lines").getByRole("table"))).toEqual(previewed);
  await open(page, "/overview");
  await expect(panel(page, "Usage")).toContainText("0 of 3\u00a0chains · 0%");
  expect(await bill(panel(page, "Next bill").getByRole("table"))).toEqual(following);

  await set("0");
  await expect(panel(page, "Due now")).toContainText("Nothing is due now.");
  expect(dollars((await bill(panel(page, "Next bill").getByRole("table"))).total)).toBe("$214.92");
  await page.getByRole("button", { name: "Schedule the change" }).click();
  await arrive(page, "/plan?done=add_on_scheduled");
  const ends = panel(page, "Add-ons").getByText(/^It ends on /);
  await expect(ends).toBeVisible();
  await page.getByRole("button", { name: "Undo the change of Extra chain" }).click();
  await arrive(page, "/plan?done=add_on_undone");
  await expect(page.getByText("Your add-on goes on as it is.")).toBeVisible();
  await expect(ends).toHaveCount(0);
  await set("2");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("You have as many already");
});

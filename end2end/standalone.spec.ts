// What staff sells beside the plan: on the page of the plan, on the next bill, and the way to end it.
import { buy, pay } from "./support/checkout";
import { expect, test } from "./support/fixtures";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";
import { sql } from "./support/sql";
import { staff } from "./support/staff";

test("what is sold beside the plan comes with its bill and ends with its period", async ({ signUp }) => {
  test.setTimeout(180_000);
  const [page] = await signUp("Beside Nodes", "/pricing");
  await expect(page.locator("main")).not.toContainText("Priority support");
  await buy(page, "Starter");
  await pay(page);
  const [[customer]] = sql("SELECT 'cus_' || replace(id::text, '-', '') FROM customer WHERE name = 'Beside Nodes'");
  const of = ["--customer", customer, "--plan", "priority_support"];
  expect(staff("subscription", "add", ...of, "--interval", "month")).toMatch(/^sub_/);
  expect(staff("subscription", "list", "--customer", customer).split("\n").map((line) => line.split(" ")[1])).toEqual([
    "starter",
    "priority_support",
  ]);

  await open(page, "/overview");
  const bill = panel(page, "Next bill");
  await expect(bill.getByRole("row", { name: /Starter, one month/ })).toContainText("$199.00");
  await expect(bill.getByRole("row", { name: /Priority support, one month/ })).toContainText("$99.00");
  await expect(bill.getByRole("row", { name: /Total/ })).toContainText("$321.84");

  await open(page, "/plan");
  const beside = panel(page, "Beside your plan");
  await expect(beside).toContainText("$99 per month");
  await expect(beside).toContainText("Renews on");
  await inspect(page, "plan-standalone");
  await beside.getByRole("button", { name: "Cancel Priority support at period end" }).click();
  await arrive(page, /done=standalone_canceled/);
  await expect(panel(page, "Beside your plan")).toContainText("Ends on");
  await panel(page, "Beside your plan").getByRole("button", { name: "Keep Priority support" }).click();
  await arrive(page, /done=standalone_kept/);
  await expect(panel(page, "Beside your plan")).toContainText("Renews on");
});

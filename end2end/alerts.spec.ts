// Alerts as customers see them: what is open, what can be done about it, and the budget.
import { buy, pay } from "./support/checkout";
import { ADA, expect, type Page, test } from "./support/fixtures";
import { make } from "./support/host";
import { arrive, open, panel } from "./support/page";
import { inspect } from "./support/pictures";
import { sql } from "./support/sql";

test.beforeEach(() => test.setTimeout(180_000));

const idOf = (email: string) => {
  const [[uuid]] = sql(`SELECT id FROM customer WHERE email = '${email}'`);
  return `cus_${uuid.replaceAll("-", "")}`;
};

/** The host platform says something. */
const say = (customer: string, severity: string, title: string, message: string) =>
  make("/v1/alerts", { type: "node.down", severity, title, message, customer });

const item = (page: Page, list: string, title: string) => panel(page, list).getByRole("listitem").filter({ hasText: title });

test("the alerts of the demo customer hold", async ({ pageOf }) => {
  const page = await pageOf(ADA);
  await open(page, "/alerts");
  await expect(item(page, "Open", "Chains: the limit is reached").first()).toContainText("Critical");
  await expect(panel(page, "Open")).toContainText("acknowledged");
  await expect(panel(page, "Budget")).toContainText("of $150 a period");
  await expect(panel(page, "When you are told").getByRole("row", { name: /Usage of a meter/ })).toContainText(
    "80%, 90% and 100% of what is included",
  );
  await inspect(page, "alerts");
  await open(page, "/overview");
  await expect(panel(page, "Open alerts").getByRole("link", { name: "All alerts" })).toBeVisible();
});

test("an alert is acknowledged, snoozed and resolved, without scripts as well", async ({ pageOf, signUp }) => {
  const [page, customer] = await signUp("Alert Labs", "/pricing");
  await open(page, "/alerts");
  await expect(panel(page, "Open")).toContainText("Nothing needs you");
  await inspect(page, "alerts-new");
  await open(page, "/pricing");
  await buy(page, "Starter");
  await pay(page);

  const id = idOf(customer.email);
  await say(id, "info", "A release is planned", "On Sunday at six.");
  await say(id, "critical", "Two validators are down", "eu-1 and eu-2 answer nothing.");
  await say(id, "high", "A certificate expires", "");
  await open(page, "/overview");
  const summary = panel(page, "Open alerts").getByRole("listitem");
  await expect(summary).toHaveCount(3);
  await expect(summary.first()).toContainText("Critical");
  await inspect(page, "overview-alerts");

  const plain = await pageOf(customer.email, { javaScriptEnabled: false });
  await open(plain, "/alerts");
  const titles = await panel(plain, "Open").locator("li .font-medium").allInnerTexts();
  expect(titles, "the worst first").toEqual(["Two validators are down", "A certificate expires", "A release is planned"]);
  await plain.getByRole("button", { name: "Acknowledge: Two validators are down" }).click();
  await arrive(plain, "/alerts?done=alert_acknowledged");
  const down = item(plain, "Open", "Two validators are down");
  await expect(down).toContainText("acknowledged");
  await expect(down.getByRole("button", { name: /^Acknowledge/ })).toHaveCount(0);

  const release = item(plain, "Open", "A release is planned");
  await release.getByText("Snooze").first().click();
  await release.getByLabel("Off the overview for").selectOption({ label: "a week" });
  await release.getByRole("button", { name: "Snooze: A release is planned" }).click();
  await arrive(plain, "/alerts?done=alert_snoozed");
  await expect(item(plain, "Open", "A release is planned")).toContainText("snoozed until");

  await plain.getByRole("button", { name: "Resolve: A certificate expires" }).click();
  await arrive(plain, "/alerts?done=alert_resolved");
  await expect(item(plain, "Past", "A certificate expires")).toContainText("High");
  await open(page, "/alerts");
  await inspect(page, "alerts-decided");
  await open(page, "/overview");
  await expect(panel(page, "Open alerts"), "nothing of it needs anybody now").toHaveCount(0);
});

test("a customer says from where on it is told of a meter", async ({ pageOf }) => {
  const page = await pageOf("iris@helios.example");
  await open(page, "/alerts");
  const meter = panel(page, "Meters").getByRole("listitem").filter({ hasText: "API requests" });
  const save = async (percents: string) => {
    if (!(await meter.getByLabel("In percent").isVisible())) await meter.getByText("Change").click();
    await meter.getByLabel("In percent").fill(percents);
    await meter.getByRole("button", { name: "Save: API requests" }).click();
  };
  await expect(meter).toContainText("At 80%, 90% and 100%, as usual.");
  await save("50, half");
  await arrive(page, "/alerts?error=invalid_levels");
  await expect(meter.getByLabel("In percent")).toHaveValue("50, half");
  await expect(meter.getByLabel("In percent")).toHaveAttribute("aria-invalid", "true");
  await inspect(page, "alerts-meters-refused");
  await save("75 50%, 120");
  await arrive(page, "/alerts?done=thresholds_set");
  await expect(meter).toContainText("At 50%, 75%, 120%, as you set it.");
  await inspect(page, "alerts-meters");
  await meter.getByText("Change").click();
  await meter.getByRole("button", { name: "As usual: API requests" }).click();
  await arrive(page, "/alerts?done=thresholds_usual");
  await expect(meter).toContainText("as usual");
});

test("a budget is set, refused, changed and removed", async ({ signUp }) => {
  const [page] = await signUp("Budget Labs");
  await open(page, "/alerts");
  const budget = panel(page, "Budget");
  const amount = budget.getByLabel("For usage in a period, in USD");
  const save = async (text: string) => {
    await amount.fill(text);
    await budget.getByRole("button", { name: "Save budget" }).click();
  };
  await expect(budget).toContainText("No budget is set.");
  await save("12.345");
  await arrive(page, "/alerts?error=invalid_budget");
  await expect(amount).toHaveValue("12.345");
  await expect(amount).toHaveAttribute("aria-invalid", "true");
  await inspect(page, "alerts-refused");
  await save("250.50");
  await arrive(page, "/alerts?done=budget_set");
  await expect(budget).toContainText("$0.00 of $250.50 a period");
  await save("99");
  await arrive(page, "/alerts?done=budget_set");
  await expect(budget).toContainText("$0.00 of $99 a period");
  await budget.getByRole("button", { name: "Remove budget" }).click();
  await arrive(page, "/alerts?done=budget_removed");
  await expect(budget).toContainText("No budget is set.");
});

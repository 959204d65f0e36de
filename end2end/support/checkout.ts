// The provider's hosted pages, as a customer uses them.
import { arrive } from "./page";
import type { Page } from "@playwright/test";

export const GOOD_CARD = "4242 4242 4242 4242";
export const DECLINED_CARD = "4000 0000 0000 0002";
export const AUTHENTICATED_CARD = "4000 0025 0000 3155";

export const HOSTED = /^\/sandbox\/checkout\//;
export const BANK = /^\/sandbox\/authenticate\//;
export const SUCCESS = /^\/checkout\/success\?session_id=/;

/** On the price list, signed in. */
export async function buy(page: Page, plan: string): Promise<void> {
  await page.getByRole("button", { name: `Buy ${plan}` }).click();
  await arrive(page, HOSTED);
}

/** On a hosted page. Where it leads is up to the card. */
export async function sendCard(page: Page, number: string): Promise<void> {
  await page.getByLabel("Card number").fill(number);
  await page.getByLabel("Expiry").fill("12/34");
  await page.getByLabel("Security code").fill("123");
  await page.getByRole("button", { name: /^(Pay \$|Save card)/ }).click();
}

export async function pay(page: Page, number: string = GOOD_CARD): Promise<void> {
  await sendCard(page, number);
  await arrive(page, SUCCESS);
}

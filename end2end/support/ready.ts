// Before the first test: the server answers, and its demo data are complete.
import { expect, request } from "@playwright/test";

const PREPARING = "Demo data are being prepared";

export default async function ready(): Promise<void> {
  const visitor = await request.newContext({ baseURL: process.env.BASE_URL ?? "http://127.0.0.1:3000" });
  const told = async () => {
    const answer = await visitor.get("/pricing");
    return answer.ok() ? (await answer.text()).includes(PREPARING) : answer.status();
  };
  await expect.poll(told, { message: "demo data are complete", timeout: 120_000 }).toBe(false);
  await visitor.dispose();
}

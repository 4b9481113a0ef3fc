export async function runVerifyChild(): Promise<number> {
  return 0;
}

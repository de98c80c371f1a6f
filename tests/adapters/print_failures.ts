/** Runs cases as a program: prints those that failed, and how many there are. @module */

export async function printFailures(cases: Readonly<Record<string, () => Promise<void>>>): Promise<void> {
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run();
    } catch (error) {
      console.log(`${name}: ${(error as Error).stack}`);
    }
  }
  console.log(`${Object.keys(cases).length} cases`);
}

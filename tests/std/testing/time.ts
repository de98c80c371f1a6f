/** `FakeTime` of `@std/testing/time`, on npm's `@sinonjs/fake-timers`: the part the tests use. @module */
import { type Clock, withGlobal } from "npm:@sinonjs/fake-timers@15.5.0";

export class FakeTime {
  #clock: Clock & { uninstall(): void };

  constructor(start: number | string | Date = Date.now()) {
    this.#clock = withGlobal(globalThis).install({
      now: new Date(start),
      // As @std does: Date and the timers, not performance.now() or microtasks.
      toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
    });
  }

  get now(): number {
    return this.#clock.now;
  }

  tick(ms = 0): void {
    this.#clock.tick(ms);
  }

  async tickAsync(ms = 0): Promise<void> {
    await this.#clock.tickAsync(ms);
  }

  restore(): void {
    this.#clock.uninstall();
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}

/**
 * Examples that need packages of others: their first line says `// npm install …`. They aren't run with the others; here
 * they become modules whose packages are pinned.
 *
 * @module
 */

import type { CodeBlock } from "./code_blocks.ts";

/** Where the packages come from. `packages.lock` has their integrity. */
const sources: Readonly<Record<string, string>> = {
  "@grpc/grpc-js": "npm:@grpc/grpc-js@1.14.7",
  "@opentelemetry/api": "npm:@opentelemetry/api@1.10.0",
  "@opentelemetry/exporter-prometheus": "npm:@opentelemetry/exporter-prometheus@0.301.0",
  "@opentelemetry/sdk-metrics": "npm:@opentelemetry/sdk-metrics@3.1.0",
  amqplib: "npm:amqplib@2.3.1",
  kafkajs: "npm:kafkajs@2.2.4",
  openai: "npm:openai@7.59.0",
  redis: "npm:redis@6.3.1",
  // Its runner is no part of an example: a few lines of ours do what they need.
  vitest: new URL("vitest.ts", import.meta.url).href,
};

/** Names the packages that an example installs; `undefined` for all other blocks. */
export function findPackages({ words, lines }: CodeBlock): readonly string[] | undefined {
  const [, packages] = /^\/\/ npm install (\S.*)$/.exec(lines[0] ?? "") ?? [];
  return words.includes("ignore") ? packages?.split(" ") : undefined;
}

/** Writes such an example as a module, with more lines at its end. */
export function writeModule(block: CodeBlock, more: readonly string[] = []): string {
  const pinned = [...block.lines, ...more].join("\n").replace(/(?<= from ")[^"]+(?=";$)/gm, (specifier) => {
    if (specifier.startsWith("@m2m/authenticator")) return specifier;
    if (!findPackages(block)?.includes(specifier)) throw new Error(`${block.place} doesn't install ${specifier}.`);
    return sources[specifier] ?? `Cannot check ${block.place}: no version of ${specifier} is known.`;
  });
  return `${pinned}\n`;
}

/**
 * `m2m doctor`: finds out why a token isn't issued, or isn't accepted.
 *
 * @module
 */

import { parseUrl } from "../../arguments.ts";
import { diagnose } from "../../doctor/diagnose.ts";
import type { Check, Diagnosis } from "../../doctor/diagnosis.ts";
import { formatCheck, formatSummary } from "../../doctor/format.ts";
import { buildOptions } from "../client/build_options.ts";
import { exitCodes } from "../exit_codes.ts";
import { explainFailure } from "../failures.ts";
import type { Invocation } from "../invocation.ts";
import { nameFlags, optionNames } from "../options/option_names.ts";
import { readSettings } from "../settings/read_settings.ts";
import { showProgress } from "../terminal/progress.ts";
import { UsageError } from "../usage_error.ts";
import { escapeControls } from "./print_token.ts";

/** Runs the command. Its checks are printed as they are made. */
export async function runDoctor(invocation: Invocation): Promise<number> {
  const { values, terminal, positionals: [request, ...more] } = invocation;
  if (more.length > 0) throw new UsageError("doctor takes one URL at most.");
  const isJson = values["json"] === true;
  const format = { width: Math.min(terminal.columns, 100), color: terminal.hasColor("output") };
  let progress: Disposable | undefined;
  const endProgress = () => progress?.[Symbol.dispose]();
  const onStep = (name: string) => {
    endProgress();
    progress = showProgress(terminal, name);
  };
  let writing = Promise.resolve();
  const onCheck = (check: Check) => {
    endProgress();
    if (!isJson) writing = writing.then(() => terminal.writeOutput(`${formatCheck(translate(check), format)}\n`));
  };
  try {
    const found = await examine(invocation, request, { onCheck, onStep });
    const diagnosis = { ...found, cause: found.cause && translate(found.cause), checks: found.checks.map(translate) };
    endProgress();
    await writing;
    await terminal.writeOutput(
      isJson ? `${escapeControls(JSON.stringify(diagnosis, null, 2))}\n` : `\n${formatSummary(diagnosis, format)}\n`,
    );
    return chooseExitCode(diagnosis);
  } finally {
    endProgress();
  }
}

/** Puts flags in the place of options in a check's texts. */
function translate(check: Check): Check {
  const { seen, change } = check;
  return { ...check, seen: nameFlags(seen), ...change !== undefined && { change: nameFlags(change) } };
}

interface Listeners {
  readonly onCheck: (check: Check) => void;
  readonly onStep: (name: string) => void;
}

async function examine(invocation: Invocation, request: string | undefined, listeners: Listeners): Promise<Diagnosis> {
  const start = performance.now();
  try {
    const read = await readSettings(invocation.values);
    const { grant = "client-credentials", endpoint } = read.settings;
    if (grant !== "client-credentials") {
      throw new UsageError(`The doctor knows the grant client-credentials alone: not ${grant}.`);
    }
    const url = request === undefined ? undefined : parseUrl(request, endpoint);
    if (request !== undefined && !url) throw new UsageError("A relative URL needs --endpoint, the URL of the API.");
    // The doctor looks at the transport itself, and its page says more than --verbose.
    const quiet = { ...invocation, values: { ...invocation.values, verbose: undefined } };
    const options = await buildOptions(read, quiet, { endpoint: url?.origin });
    return await diagnose({ ...options, request, optionNames: advisedNames, ...listeners });
  } catch (error) {
    const { message, exitCode } = explainFailure(error);
    if (exitCode !== exitCodes.usage) throw error;
    const check: Check = {
      name: "settings",
      status: "failed",
      seen: message,
      change: "Correct the settings: m2m help doctor lists the flags, variables and files.",
      code: "invalid_option",
      duration: performance.now() - start,
    };
    listeners.onCheck(check);
    const runtime = navigator.userAgent;
    return { isFine: false, cause: check, checks: [check], ruledOut: [], tokenRequests: 0, runtime };
  }
}

/** Advice names options with their values: those are translated as a whole. */
const { basicEncoding: _, clientAuth: __, ...advisedNames } = optionNames;

/** Causes that lie between this machine and the server. */
const networkCauses =
  /^(name_|localhost_|connection_|proxy_|tls_|not_tls|client_certificate_|token_endpoint_failed|rate_limited|api_failed)/;

function chooseExitCode({ isFine, cause }: Diagnosis): number {
  if (isFine) return exitCodes.fine;
  return cause?.code && networkCauses.test(cause.code) ? exitCodes.network : exitCodes.refused;
}

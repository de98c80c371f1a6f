/**
 * Dovecot: Debian's IMAP and submission server, which asks about tokens at an introspection endpoint (RFC 7662). What is
 * submitted arrives in a list.
 *
 * @module
 */

import { createServer, type Socket } from "node:net";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { closedPort } from "./fault_server.ts";
import { host, listen, serve } from "./loopback.ts";

const executable = "dovecot";

/** Finds it with its parts; resolves to its version. Rejects where one isn't installed. */
export async function findDovecot(): Promise<string> {
  const args = [
    "-c",
    `command -v ${executable} && test -e /usr/lib/dovecot/imap && test -e /usr/lib/dovecot/submission`,
  ];
  const { success } = await runToEnd("sh", { args });
  if (!success) throw new Error("dovecot-imapd or dovecot-submissiond isn't installed");
  return await print(executable, "--version");
}

/** Starts it, as a user without rights, for the mailbox of `user`. */
export async function startDovecot(user: string) {
  await using stack = new AsyncDisposableStack();
  const accepted = new Set<string>();
  const asked: string[] = [];
  const introspection = stack.use(serve(async (request) => {
    const token = new URLSearchParams(await request.text()).get("token") ?? "";
    asked.push(token);
    return Response.json(accepted.has(token) ? { active: true, username: user } : { active: false });
  }));
  const submitted: string[] = [];
  const sink = await listen(createServer((socket) => takeMail(socket, (text) => submitted.push(text))));
  stack.defer(sink.close);
  const { path } = stack.use(await temporaryFolder("dovecot_"));
  const [imapPort, smtpPort] = [await closedPort(), await closedPort()];
  const isRoot = await print("id", "-u") === "0";
  const name = isRoot ? "dovenull" : await print("id", "-un");
  const group = await print("id", "-gn", name);
  const files = {
    "oauth2.conf":
      `introspection_url = ${introspection.origin}/\nintrospection_mode = post\nusername_attribute = username\n` +
      "active_attribute = active\nactive_value = true\n",
    "dovecot.conf": configure({ path, name, group, imapPort, smtpPort, relayPort: sink.port }),
  };
  for (const [file, text] of Object.entries(files)) await Deno.writeTextFile(`${path}/${file}`, text);
  const command = [executable, "-F", "-c", `${path}/dovecot.conf`];
  if (isRoot) {
    await runToEnd("chown", { args: ["-R", `${name}:${group}`, path] });
    command.unshift("setpriv", `--reuid=${name}`, `--regid=${group}`, "--clear-groups");
  }
  stack.use(await startProgram(command[0]!, { args: command.slice(1), ready: /starting up/ }));
  const started = stack.move();
  return {
    imapPort,
    smtpPort,
    /** The tokens that it asked about. */
    asked: asked as readonly string[],
    /** The messages that arrived. */
    submitted: submitted as readonly string[],
    accept: (token: string) => accepted.add(token),
    /** Takes a token no longer. Connections that are open stay so. */
    end: (token: string) => accepted.delete(token),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function print(executable: string, ...args: readonly string[]): Promise<string> {
  return (await runToEnd(executable, { args })).stdout.trim();
}

interface Place {
  readonly path: string;
  readonly name: string;
  readonly group: string;
  readonly imapPort: number;
  readonly smtpPort: number;
  readonly relayPort: number;
}

function configure({ path, name, group, imapPort, smtpPort, relayPort }: Place): string {
  return `
base_dir = ${path}/run
state_dir = ${path}/state
log_path = /dev/stderr
protocols = imap submission
listen = ${host}
ssl = no
disable_plaintext_auth = no
auth_mechanisms = xoauth2 oauthbearer
auth_failure_delay = 0
default_internal_user = ${name}
default_internal_group = ${group}
default_login_user = ${name}
hostname = localhost
first_valid_uid = 1
mail_location = maildir:${path}/mail/%u
submission_relay_host = ${host}
submission_relay_port = ${relayPort}
submission_relay_trusted = no
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${path}/oauth2.conf
}
userdb {
  driver = static
  args = uid=${name} gid=${group} home=${path}/home/%u
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
service submission-login {
  chroot =
  inet_listener submission {
    port = ${smtpPort}
  }
}
service stats {
  chroot =
}
`;
}

/** Takes mail by SMTP, without authentication. */
function takeMail(socket: Socket, take: (text: string) => void): void {
  let unread = "";
  let text: string[] | undefined;
  socket.write("220 sink\r\n");
  socket.on("data", (data) => {
    const lines = (unread + data).split("\r\n");
    unread = lines.pop()!;
    for (const line of lines) {
      if (text !== undefined && line !== ".") {
        text.push(line);
        continue;
      }
      if (text !== undefined) {
        take(text.join("\n"));
        text = undefined;
      }
      if (/^data/i.test(line)) text = [];
      socket.write(/^data/i.test(line) ? "354 go on\r\n" : /^quit/i.test(line) ? "221 bye\r\n" : "250 ok\r\n");
    }
  });
}

/**
 * Has servers listen on loopback that would listen on every interface. Loaded before a program that starts such.
 *
 * Where they name a host, they get their port only later: so it is put in below `listen`.
 *
 * @module
 */

import { Server } from "node:net";

type SetUp = (this: Server, address: string | null, port: number, family: number, ...others: unknown[]) => void;

const server = Server.prototype as unknown as { _listen2: SetUp };
const setUp = server._listen2;
server._listen2 = function (address, port, family, ...others) {
  setUp.call(this, address ?? "127.0.0.1", port, address ? family : 4, ...others);
};

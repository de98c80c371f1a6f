/**
 * Authenticators made from one another, for one client with many audiences.
 *
 * @module
 */

import { newHealth } from "./refresh/state.ts";
import type { SharedHealth } from "./refresh/tokens.ts";
import type { RejectionCache } from "./token_endpoint/rejection_cache.ts";

/** How many are kept: some 20 megabytes. */
const most = 10_000;

/** What authenticators made from one another share, besides the way out. */
export class Family<Member> {
  /** The one that all others were made from. */
  readonly root: Member;
  readonly rejections: RejectionCache;
  readonly endpoint: SharedHealth = { health: newHealth };
  /** By their wishes; who was asked for last stands last. */
  readonly #members: Map<string, Member>;

  constructor(root: Member, wishes: string, rejections: RejectionCache) {
    this.root = root;
    this.rejections = rejections;
    this.#members = new Map([[wishes, root]]);
  }

  /** All that are kept; the first one always is. */
  get members(): Member[] {
    return [...new Set([this.root, ...this.#members.values()])];
  }

  /** The one with these wishes, made if need be. */
  member(wishes: string, make: () => Member): Member {
    const member = this.#members.get(wishes) ?? make();
    this.#members.delete(wishes);
    this.#members.set(wishes, member);
    if (this.#members.size > most) this.#members.delete(this.#members.keys().next().value!);
    return member;
  }
}

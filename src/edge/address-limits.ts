import { isIPv6 } from "node:net";

export interface AddressLimitOptions {
  readonly total: number;
  /** Of these, what one address may hold. */
  readonly addressPercent: number;
}

/**
 * Counts what is open, and which address holds it: so many in all, and a share of them for one address. So an
 * address that takes all that it can leaves room for others.
 */
export class AddressLimits {
  readonly #total: number;
  readonly #share: number;
  readonly #held = new Map<string, number>();
  #taken = 0;

  constructor({ total, addressPercent }: AddressLimitOptions) {
    this.#total = total;
    this.#share = Math.ceil((total * addressPercent) / 100);
  }

  /** How many are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes a place, and gives what frees it, to be called once. Undefined where there is none. */
  take(address: string | undefined): (() => void) | undefined {
    const holder = holderOf(address ?? "");
    const held = this.#held.get(holder) ?? 0;
    if (this.#taken >= this.#total || held >= this.#share) return undefined;
    this.#taken += 1;
    this.#held.set(holder, held + 1);
    return () => this.#leave(holder);
  }

  #leave(holder: string): void {
    this.#taken -= 1;
    const held = (this.#held.get(holder) ?? 0) - 1;
    if (held > 0) this.#held.set(holder, held);
    else this.#held.delete(holder);
  }
}

/** What an address is counted as: of IPv6, its /64, since one host is given all addresses of that. */
export function holderOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const groups = (part: string): readonly string[] => (part === "" ? [] : part.split(":"));
  if (tail === undefined) return groups(head).slice(0, 4).join(":");
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill("0");
  return [...groups(head), ...zeros, ...groups(tail)].slice(0, 4).join(":");
}

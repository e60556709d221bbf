import { isEncodedValue } from './grammar.ts';

/** Some propagators read a plus sign as a space, so it can't leave as it came. */
const octets = octetsBut('+');
/** Graylane's own members are not percent-encoded. */
const ownOctets = octetsBut('+', '%');

/**
 * The keys of a header in their order, all of them keys of a table. A sender repeats them from
 * request to request: one regular expression then checks a header in a third of the time of a scan.
 */
export class HeaderShape {
  /** How many members are not graylane's own. */
  readonly otherCount: number;
  /**
   * Whether graylane's own members stand first, as they are to be sent; otherwise one stands last.
   */
  readonly isOwnFirst: boolean;
  readonly #pattern: RegExp;
  readonly #own: readonly number[];
  readonly #ownLengths: readonly number[];

  /**
   * The shape of a well-formed header without properties. Undefined for one whose own members stand
   * elsewhere.
   */
  static of(header: string, keys: readonly string[], owned: number): HeaderShape | undefined {
    const members = header.split(',');
    const indexes = members.map((member) => keys.indexOf(member.slice(0, member.indexOf('=')).trim()));
    const own = indexes.filter((index) => index < owned);
    const isOwnFirst = own.every((index, at) => index === indexes[at] && index >= (own[at - 1] ?? 0));
    const isOwnLast = own.length === 1 && indexes.at(-1) === own[0];
    if (indexes.includes(-1) || (!isOwnFirst && !isOwnLast)) return undefined;
    const pattern = indexes
      .map((index, at) => {
        const space = at > 0 && members[at]?.startsWith(' ') ? ' ' : '';
        return `${space}${escaped(keys[index] ?? '')}=${index < owned ? ownOctets : octets}`;
      })
      .join(',');
    const lengths = own.map((index) => (keys[index] ?? '').length);
    return new HeaderShape(new RegExp(`^${pattern}$`), own, lengths, members.length - own.length, isOwnFirst);
  }

  private constructor(
    pattern: RegExp,
    own: readonly number[],
    ownLengths: readonly number[],
    otherCount: number,
    isOwnFirst: boolean,
  ) {
    this.#pattern = pattern;
    this.#own = own;
    this.#ownLengths = ownLengths;
    this.otherCount = otherCount;
    this.isOwnFirst = isOwnFirst;
  }

  /** Whether a header has this shape, and each value is well formed. */
  matches(header: string): boolean {
    return this.#pattern.test(header);
  }

  /**
   * Notes where the values of own members stand in a header of this shape. @returns where the part
   * without them begins, or, if one stands last, ends.
   */
  locate(header: string, starts: number[], ends: number[]): number {
    if (!this.isOwnFirst) {
      const comma = header.lastIndexOf(',');
      const index = this.#own[0] as number;
      starts[index] = header.indexOf('=', comma) + 1;
      ends[index] = header.length;
      return comma;
    }
    let start = 0;
    for (let at = 0; at < this.#own.length; at += 1) {
      const index = this.#own[at] as number;
      if (header.charCodeAt(start) === 0x20) start += 1;
      starts[index] = start + (this.#ownLengths[at] as number) + 1;
      const comma = header.indexOf(',', starts[index]);
      ends[index] = comma < 0 ? header.length : comma;
      start = ends[index] + 1;
    }
    return header.charCodeAt(start) === 0x20 ? start + 1 : start;
  }
}

/** A run of baggage octets without some of them, as a part of a regular expression. */
function octetsBut(...excluded: readonly string[]): string {
  const codes = Array.from({ length: 128 }, (_, code) => code).filter((code) => {
    const character = String.fromCharCode(code);
    return isEncodedValue(character) && !excluded.includes(character);
  });
  return `[${codes.map((code) => `\\x${code.toString(16).padStart(2, '0')}`).join('')}]*`;
}

function escaped(key: string): string {
  return key.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

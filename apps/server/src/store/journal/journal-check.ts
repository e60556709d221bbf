import { isDeepStrictEqual } from 'node:util';
import { jsonPath } from '../../model/parts.ts';
import type { Verification } from '../verification.ts';
import type { JournalEntry } from './line.ts';

/**
 * Checks the lines of a history, whose hashes the caller compares: each change must begin with the
 * values that the changes before it have left. A chain of hashes can be forged as a whole; its
 * changes must then still add up.
 */
export class JournalCheck {
  readonly #anchor: string | undefined;
  readonly #parts = new Map<string, unknown>();
  readonly #faults: string[] = [];
  #line = 0;
  #hasAnchor = false;

  /** `anchor` is a hash that must exist. */
  constructor(anchor: string | undefined) {
    this.#anchor = anchor;
  }

  /** Takes the next line, whose hash covers the line before. */
  take(json: Buffer, hash: string): void {
    this.#line += 1;
    this.#hasAnchor ||= hash === this.#anchor;
    const { n, changes } = JSON.parse(json.toString()) as JournalEntry;
    if (n !== this.#line) this.#fault(`its number is ${n}`);
    for (const { path, before } of changes) {
      if (isDeepStrictEqual(before, this.#parts.get(jsonPath(path)))) continue;
      this.#fault(`${jsonPath(path)} does not begin with the value of the revision before`);
    }
    for (const { path, after } of changes) {
      if (after === undefined) this.#parts.delete(jsonPath(path));
      else this.#parts.set(jsonPath(path), after);
    }
  }

  /** Notes that the hash of the next line does not match. */
  damaged(): void {
    this.#line += 1;
    this.#fault('its hash does not match: it, or a line before it, was changed');
  }

  /** Notes the parts that are not as the history has left them. */
  compare(parts: ReadonlyMap<string, unknown>): void {
    for (const path of new Set([...parts.keys(), ...this.#parts.keys()])) {
      if (isDeepStrictEqual(parts.get(path), this.#parts.get(path))) continue;
      this.#faults.push(`${path} is not as its newest revision has left it`);
    }
  }

  result(head: string): Verification {
    const [revisions, hasAnchor, faults] = [this.#line, this.#hasAnchor, this.#faults];
    return { revisions, head, hasAnchor, faults, notes: [] };
  }

  #fault(what: string): void {
    this.#faults.push(`line ${this.#line}: ${what}`);
  }
}

import { isEncodedValue, isToken } from './grammar.ts';
import type { HeaderShape } from './header-shape.ts';
import type { KeyTable } from './key-table.ts';

/** W3C's floor (section 3.3.2): more than this need not be forwarded whole. */
const mostBytes = 8192;
const mostMembers = 64;

const equalsSign = 0x3d;
const semicolon = 0x3b;
const comma = 0x2c;
const plus = 0x2b;
const percent = 0x25;

const tokenClass = 1;
/**
 * A baggage octet that may leave as it came: not a plus sign, which some propagators read as a
 * space.
 */
const octetClass = 2;
const spaceClass = 4;
/**
 * The classes of the grammar, by byte. Neither a byte beyond ASCII nor zero has one, and that ends
 * every run.
 */
const classes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  const isOctet = isEncodedValue(character) && byte !== plus;
  const isSpace = byte === 0x20 || byte === 0x09;
  return (isToken(character) ? tokenClass : 0) | (isOctet ? octetClass : 0) | (isSpace ? spaceClass : 0);
});

/**
 * The header that is scanned: as bytes it takes a third of the time that the characters of a string
 * take. A zero follows it.
 */
const bytes = new Uint8Array(mostBytes + 1);
const encoder = new TextEncoder();
/** A header of no more characters is copied before the encoder would have been called. */
const short = 24;

/** The result of `scan`. There is one such object, which the next scan overwrites. */
export interface Scan {
  /** How many members the header has that the table does not name. */
  stripped: number;
  /** How many members it has that the table names, but not as graylane's own. */
  others: number;
  /**
   * Whether the header is exactly the members that the table names, in the order in which they are
   * sent.
   */
  isWhole: boolean;
}

const found: Scan = { stripped: 0, others: 0, isWhole: true };
/**
 * Where the values of graylane's own members begin and end, by their index in the table; -1 for one
 * that is missing.
 */
const ownStarts = [-1, -1, -1, -1];
const ownEnds = [0, 0, 0, 0];
/** Where runs of other members begin and end, by turns. */
const runs = Array.from({ length: 2 * mostMembers }, () => 0);
let runCount = 0;
let turn = 0;

/**
 * Looks once at each character of a header and finds the members whose keys a table has. Undefined
 * for a header that needs the parser: a malformed member, white space inside of one, a key of the
 * table twice, own members that are encoded or have properties, a plus sign in a value, more than
 * W3C's floor.
 */
export function scan(header: string, table: KeyTable): Readonly<Scan> | undefined {
  if (header.length > mostBytes) return undefined;
  runCount = 0;
  // A loop of so few costs less than a call of `fill`.
  for (let index = 0; index < 4; index += 1) ownStarts[index] = -1;
  const shape = table.shapeOf(header);
  if (shape !== undefined) return locate(header, shape);
  if (!layOut(header)) return undefined;
  turn = (turn + 1) | 0;
  found.stripped = 0;
  found.others = 0;
  found.isWhole = true;
  const { length } = header;
  /** The last member that the table names, and whether it is the one just before. */
  let previous = -1;
  let isKnown = true;
  let start = 0;
  for (let members = 0; ;) {
    const keyStart = isSpaceAt(start) ? endOf(spaceClass, start) : start;
    let end = keyStart;
    if (keyStart === length || bytes[keyStart] === comma) found.isWhole = false;
    else {
      members += 1;
      let index: number = isKnown ? table.guess(previous) : -1;
      let keyEnd = index < 0 ? -1 : table.endOf(index, bytes, keyStart);
      if (keyEnd < 0 || bytes[keyEnd] !== equalsSign) {
        keyEnd = endOf(tokenClass, keyStart);
        if (keyEnd === keyStart || bytes[keyEnd] !== equalsSign) return undefined;
        index = table.find(bytes, keyStart, keyEnd);
        if (isKnown) table.learn(previous, index);
      }
      const valueEnd = endOf(octetClass, keyEnd + 1);
      end = bytes[valueEnd] === semicolon ? endOfProperties(valueEnd) : valueEnd;
      if (end < 0 || members > mostMembers) return undefined;
      if (index < 0) {
        found.stripped += 1;
        found.isWhole = false;
      } else {
        if (table.seen[index] === turn) return undefined;
        table.seen[index] = turn;
        if (index >= table.owned) {
          found.others += 1;
          addRun(keyStart, end);
        } else {
          if (end !== valueEnd || hasPercent(keyEnd, end)) return undefined;
          if (index < previous) found.isWhole = false;
          ownStarts[index] = keyEnd + 1;
          ownEnds[index] = end;
        }
      }
      isKnown = index >= 0;
      if (isKnown) previous = index;
    }
    const next = isSpaceAt(end) ? endOf(spaceClass, end) : end;
    // One space behind a comma is how several headers are joined, and may leave as it came.
    if (next > end || keyStart > start + 1 || (keyStart > start && !isSpaced(start))) found.isWhole = false;
    if (next === length) {
      if (found.stripped === 0) table.learnShape(header);
      return found;
    }
    if (bytes[next] !== comma) return undefined;
    start = next + 1;
  }
}

/**
 * The value of one of graylane's own members in the header of the last scan; undefined if it is
 * missing.
 */
export function ownValue(header: string, table: KeyTable, index: number): string | undefined {
  const valueStart = index < table.owned ? (ownStarts[index] ?? -1) : -1;
  return valueStart < 0 ? undefined : header.slice(valueStart, ownEnds[index]);
}

/**
 * The header of the last scan without the members that the table does not have, in the order in
 * which they are sent.
 */
export function keptMembers(header: string, table: KeyTable): string {
  if (found.isWhole) return header;
  let own = '';
  for (let index = 0; index < table.owned; index += 1) {
    const valueStart = ownStarts[index] ?? -1;
    if (valueStart < 0) continue;
    const member = header.slice(valueStart - (table.keys[index]?.length ?? 0) - 1, ownEnds[index]);
    own = own === '' ? member : `${own},${member}`;
  }
  const others = otherMembers(header);
  return own === '' || others === '' ? own + others : `${own},${others}`;
}

/** The members of the last scan that are not graylane's own, as they are to be sent. */
export function otherMembers(header: string): string {
  let joined = '';
  for (let index = 0; index < runCount; index += 2) {
    const run = header.slice(runs[index], runs[index + 1]);
    joined = index === 0 ? run : `${joined},${run}`;
  }
  return joined;
}

/**
 * How many members a header has, malformed ones included: the parts between its commas that are not
 * empty.
 */
export function countMembers(header: string): number {
  let members = 0;
  let start = 0;
  for (let end = header.indexOf(','); end >= 0; end = header.indexOf(',', start)) {
    if (end > start) members += 1;
    start = end + 1;
  }
  return start < header.length ? members + 1 : members;
}

/** The result that a scan of a header of a known shape would have. */
function locate(header: string, shape: HeaderShape): Readonly<Scan> {
  const place = shape.locate(header, ownStarts, ownEnds);
  found.stripped = 0;
  found.others = shape.otherCount;
  found.isWhole = shape.isOwnFirst;
  if (shape.otherCount > 0) {
    runs[0] = shape.isOwnFirst ? place : 0;
    runs[1] = shape.isOwnFirst ? header.length : place;
    runCount = 2;
  }
  return found;
}

/** Members that follow each other as they may be sent are one run. */
function addRun(start: number, end: number): void {
  const before = runCount > 0 ? (runs[runCount - 1] as number) : -1;
  if (before >= 0 && bytes[before] === comma && start <= before + (bytes[before + 1] === 0x20 ? 2 : 1)) {
    runs[runCount - 1] = end;
    return;
  }
  runs[runCount] = start;
  runs[runCount + 1] = end;
  runCount += 2;
}

/** False if the header is not ASCII alone. It must not be too long. */
function layOut(header: string): boolean {
  const { length } = header;
  if (length > short) {
    if (encoder.encodeInto(header, bytes).written !== length) return false;
  } else {
    for (let index = 0; index < length; index += 1) {
      const code = header.charCodeAt(index);
      if (code > 127) return false;
      bytes[index] = code;
    }
  }
  bytes[length] = 0;
  return true;
}

function isSpaced(start: number): boolean {
  return start > 0 && bytes[start] === 0x20;
}

function isSpaceAt(index: number): boolean {
  const byte = bytes[index];
  return byte === 0x20 || byte === 0x09;
}

function endOf(characters: number, start: number): number {
  let end = start;
  // Both arrays have an element for each index: the zero behind the header ends the run.
  while (((classes[bytes[end] as number] as number) & characters) !== 0) end += 1;
  return end;
}

/** Where the properties that begin here end, if there are any; -1 if one is malformed. */
function endOfProperties(start: number): number {
  let end = start;
  while (bytes[end] === semicolon) {
    const keyEnd = endOf(tokenClass, end + 1);
    if (keyEnd === end + 1) return -1;
    end = bytes[keyEnd] === equalsSign ? endOf(octetClass, keyEnd + 1) : keyEnd;
  }
  return end;
}

function hasPercent(start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) if (bytes[index] === percent) return true;
  return false;
}

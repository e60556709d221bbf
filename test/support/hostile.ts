const tooMany = Array.from({ length: 10_000 }, (_, index) => `lane=forged-${index};sig=${'A'.repeat(43)}`);

/**
 * Values of a `baggage` header that could break code that parses or forwards them. None of them
 * holds a valid lane.
 */
export const hostileValues: readonly string[] = [
  '',
  ' ',
  ','.repeat(900_000),
  ';'.repeat(100_000),
  '='.repeat(100_000),
  'lane=gray\r\nset-cookie: a=b',
  'lane=gray;p=1\r\nevil: 1',
  'lane=gr\u0000ay',
  'lane=灰度',
  'lane=gray;p=漢',
  'lane=\uD800',
  'lane\n=gray',
  '__proto__=polluted',
  'constructor=1,prototype=2,toString=3,hasOwnProperty=4',
  '=gray',
  '(lane)=gray',
  'lane"=gray',
  'lane',
  `k=${'v'.repeat(100_000)}`,
  `k=${'%'.repeat(8_000)}`,
  tooMany.map((member) => `x${member}`).join(','),
];

/** Those that are one header over HTTP, where a line break begins another one. */
export const hostileLines: readonly string[] = hostileValues.filter((value) => !value.includes('\n'));

/** The same as headers of a message, and values that only bytes and arrays can hold. */
export const hostileHeaders: readonly Record<string, string | Buffer | Buffer[]>[] = [
  ...hostileValues.map((baggage) => ({ baggage: Buffer.from(baggage) })),
  { baggage: Buffer.from([0xff, 0xfe, 0x00, 0x80]) },
  { baggage: Buffer.alloc(0) },
  { baggage: Array.from({ length: 2_000 }, () => Buffer.from('=')) },
];

/**
 * Valid values that are easily broken on the way, each in one piece: what comes in like this goes
 * out like this, over any hop.
 */
export const delicateValues: readonly string[] = [
  'lane=gray',
  'k=%0D%0Aevil:%201',
  'k=%00%1B%5B31m',
  'k=%E7%81%B0%E5%BA%A6',
  'k=%FF%',
  'k=',
  'k=a=b==',
  "k=!#$%25&'()*-./09:<=>?@AZ[]^_`az{|}~",
  "k=gray;p;q=1;!#$%&'*+-.^_`|~=%2C%3B",
  '__proto__=x,constructor=y',
  `k=${'v'.repeat(8190)}`,
  `k=${'%F0%9F%90%88'.repeat(600)}`,
];

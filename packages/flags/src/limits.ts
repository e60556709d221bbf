/** How deep rules, values and operands may nest. */
export const maxDepth = 100;

/** How many members and elements of a value are compared or searched. */
export const maxParts = 100_000;

/**
 * How many operators and operands a rule may have. A rule is checked and compiled in one piece, so
 * its size bounds how long other evaluations wait.
 */
export const maxRuleParts = 30_000;

/** The parts that a plain value in an array counts for: a rule may list 100,000 values. */
export const partsOfValue = 0.125;

/**
 * How many steps the iterating operators (map, filter, reduce, all, none, some) of one evaluation
 * may take together.
 */
export const maxIterations = 100_000;

/**
 * How much work one evaluation may do, or several that share a budget, in units of about 10 ns on a
 * server of 2020. Reading or making a long value counts by its length, so the limit is reached
 * after about 0.1 s, for every rule and evaluation context.
 */
export const maxWork = 10_000_000;

/** How many variants a flag may have, and how many entries its metadata or that of the set. */
export const maxMembers = 1000;

/** How many characters a string, or elements an array, that a rule makes may have. */
export const maxLength = 1_000_000;

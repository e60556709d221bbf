/** How deep rules, values and operands may nest. */
export const maxDepth = 100;

/** How many operators and operands a rule may have. */
export const maxParts = 100_000;

/** How many steps the iterating operators (map, filter, reduce, all, none, some) of one evaluation may take together. */
export const maxIterations = 100_000;

/** How many parts of rules, elements and characters these steps may handle together. */
export const maxWork = 10_000_000;

/** How many characters a text, or elements a list, that a rule builds may have. */
export const maxLength = 1_000_000;

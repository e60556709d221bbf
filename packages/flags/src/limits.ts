/** How deep rules, values and operands may nest. */
export const maxDepth = 100;

/** How many steps the iterating operators (map, filter, reduce, all, none, some) of one evaluation may take together. */
export const maxIterations = 100_000;

/** How many characters a text, or elements a list, that a rule builds may have. */
export const maxLength = 1_000_000;

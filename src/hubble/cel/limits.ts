// Limits of a CEL expression. Expressions come from strangers: each limit bounds something that would grow without end.
/** Code points of an expression; the limit of Cilium's own later versions. */
export const MAX_EXPRESSION = 4096;

/** Nesting of one grammar rule, as in cel-go. Chains of an operator and of selections count as nesting there. */
export const MAX_DEPTH = 250;

/**
 * Steps of one evaluation: iterations by the size of their body, texts and lists by their length. Spending all of
 * them takes a few milliseconds.
 */
export const MAX_COST = 20_000;

/** Expressions of one FlowFilter; together they may take MAX_COST for a flow. */
export const MAX_EXPRESSIONS = 100;

/** Regular expressions made while evaluating that are kept compiled. */
export const KEPT_PATTERNS = 64;

export { find } from './source/find.ts';
export type { Findings, Indicator, NotFollowed, ServedRoute } from './source/findings.ts';
export type { Place } from './source/syntax.ts';
export { fileNames, formats, write, type Format } from './contract/write.ts';
export type { MetricNames } from './contract/queries.ts';
export { check } from './check.ts';

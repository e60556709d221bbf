import { signal, type Signal } from '@preact/signals';
import type { Report } from './rollout.ts';

/** The report on the page, for the plots, which are loaded on demand. */
export const shownReport: Signal<Report | undefined> = signal(undefined);

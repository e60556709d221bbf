import { processWide } from '../process-wide.ts';
import { MetricRegistry } from './registry.ts';

/** The registry that the management port serves at `/metrics`. */
export function processRegistry(): MetricRegistry {
  return processWide('registry', () => new MetricRegistry());
}

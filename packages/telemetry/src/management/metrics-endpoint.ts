import { contentTypes, exposition, type ExpositionFormat } from '../metrics/exposition.ts';
import { processRegistry } from '../metrics/process-registry.ts';
import type { MetricRegistry } from '../metrics/registry.ts';
import type { Reply } from './reply.ts';

/**
 * Further metrics for `/metrics`, e.g. of an OpenTelemetry SDK: families in Prometheus' exposition
 * format 0.0.4.
 */
export type MetricsSource = () => string | Promise<string>;

/**
 * Serves the registry of this process, one of the caller's and further sources in one document.
 * Sources write Prometheus' format, so OpenMetrics, with exemplars, is served only without sources.
 * A source that fails leaves a comment instead of its metrics.
 */
export class MetricsEndpoint {
  readonly #sources: readonly MetricsSource[];
  readonly #registry: MetricRegistry | undefined;
  readonly #open = new Map<ExpositionFormat, Promise<Reply>>();

  constructor(sources: readonly MetricsSource[], registry?: MetricRegistry) {
    this.#sources = sources;
    this.#registry = registry;
  }

  /** Concurrent requests share one collection. */
  async reply(accept: string): Promise<Reply> {
    const format =
      this.#sources.length === 0 && accept.includes('application/openmetrics-text')
        ? 'openmetrics'
        : 'prometheus';
    let open = this.#open.get(format);
    if (open === undefined) {
      open = this.#collect(format).finally(() => this.#open.delete(format));
      this.#open.set(format, open);
    }
    return open;
  }

  async #collect(format: ExpositionFormat): Promise<Reply> {
    const texts = await Promise.all(this.#sources.map(textOf));
    const families = [...processRegistry().collect(), ...(this.#registry?.collect() ?? [])];
    const own = exposition(families, format);
    return {
      type: contentTypes[format],
      body: [own, ...texts].join('') + (format === 'openmetrics' ? '# EOF\n' : ''),
    };
  }
}

async function textOf(source: MetricsSource): Promise<string> {
  try {
    const families = await source();
    return families === '' || families.endsWith('\n') ? families : `${families}\n`;
  } catch (error) {
    return `# a source of metrics failed: ${JSON.stringify(String(error))}\n`;
  }
}
